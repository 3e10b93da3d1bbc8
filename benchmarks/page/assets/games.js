// Episodes and what was said in them; unpacks a task's games when one is wanted. Knows no elements.

const tasks = data.heat_map.tasks;

/** One record for each episode; `place` is its number in the results. */
const episodes = data.episodes.agent.map((agent, place) => {
  const episode = { place };
  for (const [name, values] of Object.entries(data.episodes)) episode[name] = values[place];
  return episode;
});

const OUTCOMES = {
  solved: "solved",
  failed: "failed",
  stalled: "stalled",
  move_limit: "out of moves",
  fault: "given up",
  error: "error",
};
const outcome = (episode) => OUTCOMES[episode.ended_by] ?? episode.ended_by;
const agentOf = (episode) => data.agents[episode.agent];
const taskOf = (episode) => tasks[episode.task];

/** What tells the games of one episode apart: the agent, and which of its training seeds if it has several. */
const playerOf = (episode) => agentOf(episode)
  + (data.training_seeds[episode.agent].length > 1 ? `, seed ${episode.training_seed}` : "");

/** What went wrong in an episode, as a sentence; null if nothing did. */
function trouble(episode) {
  const { ended_by: ended, reason, again } = episode;
  if (reason === null) return null;
  const what = ended === "error" ? "An error ended this game"
    : ended === "fault" ? "The agent gave this game up" : "The agent had a fault and played on";
  return `${what}: ${reason}${/[.!?]$/.test(reason) ? "" : "."}${again ? " The same command plays it again." : ""}`;
}

/** The address of an episode in this page, of one move in it, and of a player to compare with. */
function address(episode, move = 0, beside = null) {
  const key = [agentOf(episode), taskOf(episode).name, episode.variation, episode.seed];
  if (episode.training_seed !== null) key.push(episode.training_seed);
  return `#episode=${key.map(encodeURIComponent).join("/")}`
    + (move ? `&move=${move}` : "") + (beside ? `&with=${encodeURIComponent(beside)}` : "");
}

/** What an address names: {episode, move, beside}, or null. */
function parseAddress(hash) {
  const words = new Map(hash.slice(1).split("&").map((part) => {
    const at = part.indexOf("=");
    return [part.slice(0, at), part.slice(at + 1)];
  }));
  if (!words.has("episode")) return null;
  try {
    const [agent, task, variation, seed, trained] = words.get("episode").split("/").map(decodeURIComponent);
    const episode = findEpisode(agent, trained ?? null, task, Number(variation), Number(seed));
    const beside = words.has("with") ? decodeURIComponent(words.get("with")) : null;
    return { episode, move: Number(words.get("move") ?? 0) || 0, beside };
  } catch {  // a broken %-code: as good as no episode
    return { episode: undefined, move: 0, beside: null };
  }
}

function findEpisode(agent, trained, task, variation, seed) {
  return episodes.find((one) => agentOf(one) === agent && one.training_seed === trained
    && taskOf(one).name === task && one.variation === variation && one.seed === seed);
}

/** The same episode as others played it. */
const played = (episode) => episodes.filter((one) => one !== episode
  && one.task === episode.task && one.variation === episode.variation && one.seed === episode.seed);

const packs = new Map();

/** Unpacks the games of a task: {lines, texts, games: Map of place to game}. */
function openPack(task) {
  if (!packs.has(task)) packs.set(task, unpack(task));
  return packs.get(task);
}

async function unpack(task) {
  const block = document.querySelector(`script[data-games="${CSS.escape(task)}"]`);
  const bytes = Uint8Array.from(atob(block.textContent), (one) => one.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  const pack = await new Response(stream).json();
  block.remove();  // its bytes are not needed twice
  return { ...pack, games: new Map(pack.games.map((game) => [game.episode, game])) };
}

/** What happened in an episode, a list for each figure; place 0 is the start. Null if nothing was kept. */
async function openGame(episode) {
  if (!episode.recorded) return null;
  const { lines, texts, games } = await openPack(taskOf(episode).name);
  const game = { ...games.get(episode.place) };
  const text = (number) => (number < 0 ? null : texts[number].map((line) => lines[line]).join("\n"));
  for (const name of ["subgoal", "action", "observation", "look", "inventory"]) {
    game[name] = game[name].map(text);
  }
  return game;
}

/** Counts for each episode the moves whose command, sub-goal or answer holds the words. */
async function searchGames(words, stopped) {
  const wanted = words.toLowerCase();
  const hits = new Map();
  for (const task of tasks.filter((_, place) => episodes.some((one) => one.task === place && one.recorded))) {
    const { lines, texts, games } = await openPack(task.name);
    if (stopped()) return null;
    const found = lines.map((line) => line.toLowerCase().includes(wanted));
    const meant = texts.map((text) => text.some((line) => found[line]));
    for (const [place, game] of games) {
      const count = game.action.reduce((sum, action, move) => sum
        + (meant[action] || meant[game.observation[move]] || meant[game.subgoal[move]] ? 1 : 0), 0);
      if (count) hits.set(place, count);
    }
  }
  return hits;
}
