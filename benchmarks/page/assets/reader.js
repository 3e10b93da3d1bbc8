// One game, or two beside each other, to read move by move; knows no list of episodes.

/** Cuts a game into runs of moves that serve one option; a game without options is one run. */
function runs(game) {
  const found = [];
  for (let move = 1; move < game.action.length; move += 1) {
    const last = found.at(-1);
    if (last && last.option === game.option[move] && last.subgoal === game.subgoal[move]) last.moves.push(move);
    else found.push({ option: game.option[move], subgoal: game.subgoal[move], moves: [move] });
  }
  return found;
}

/** A text with the searched words marked. */
function marked(text, words) {
  if (!text || !words) return [text ?? ""];
  const lower = text.toLowerCase(), wanted = words.toLowerCase(), parts = [];
  if (lower.length !== text.length) return [text];  // letters whose small form is longer: places would not agree
  let from = 0;
  for (let at = lower.indexOf(wanted); at >= 0; at = lower.indexOf(wanted, from)) {
    parts.push(text.slice(from, at), el("mark", {}, text.slice(at, at + wanted.length)));
    from = at + wanted.length;
  }
  return [...parts, text.slice(from)];
}

/** "▲ 8" for a rise of the score, "▼ 8" for a fall. */
function change(reward) {
  if (!reward) return null;
  const [kind, sign, word] = reward > 0 ? ["rise", "▲", "up"] : ["fall", "▼", "down"];
  return el("b", { class: kind },
    el("span", { class: "unseen" }, `score ${word} by `), el("span", { "aria-hidden": "true" }, `${sign} `),
    fixed(Math.abs(reward), Number.isInteger(reward) ? 0 : 1));
}

function moveItem(game, move, words) {
  const item = el("li", { class: `move ${game.reward[move] > 0 ? "rose" : game.reward[move] < 0 ? "fell" : ""}`,
    tabindex: "-1", "data-move": move, "data-stop": true },
  el("span", { class: "count" }, String(move)),
  el("div", { class: "told" },
    el("p", { class: "action" }, marked(game.action[move], words)),
    el("p", { class: "observation" }, marked(game.observation[move], words))),
  el("span", { class: "points" }, change(game.reward[move]), el("span", {}, fixed(game.score[move], 0))),
  el("button", { type: "button", class: "more", tabindex: "-1", "aria-expanded": "false",
    onclick: () => unfold(item, game, move) }, "room"));
  return item;
}

/** Shows or hides the room and the inventory after a move. */
function unfold(item, game, move) {
  const shown = item.querySelector(".after");
  item.querySelector(".more").setAttribute("aria-expanded", String(!shown));
  if (shown) {
    shown.remove();
    return;
  }
  const spent = [game.tokens[move] ? plural(game.tokens[move], "token") : null,
    game.seconds[move] ? `${grouped(game.seconds[move], 2)} s` : null].filter(Boolean).join(", ");
  item.append(el("dl", { class: "after" },
    [["Room", game.look[move]], ["Inventory", game.inventory[move]], ["Spent", spent]]
      .filter(([, text]) => text)
      .map(([name, text]) => el("div", {}, el("dt", {}, name), el("dd", {}, text)))));
}

/** The facts of an episode in a line. */
const facts = (episode) => el("p", { class: "result" },
  el("b", { class: `badge ${episode.ended_by}` }, outcome(episode)),
  el("span", {}, "score ", el("b", {}, fixed(episode.score_last, 0))),
  [plural(episode.moves, "move"), episode.planner_calls ? plural(episode.planner_calls, "planner call") : null,
    `${grouped(episode.seconds, 1)} s`].filter(Boolean).map((text) => el("span", {}, text)));

const warning = (episode) => {
  const told = trouble(episode);
  return told && el("p", { class: "note trouble" }, told);
};

function column(episode, game, words) {
  const heading = el("h4", {}, swatch(episode.agent), playerOf(episode));
  if (!game) {
    return el("div", { class: "column" }, heading, facts(episode), warning(episode),
      el("p", { class: "note" }, "No transcript of this game was kept."));
  }
  const groups = runs(game).map(({ option, subgoal, moves }) => {
    const list = el("ol", { class: "moves" }, moves.map((move) => moveItem(game, move, words)));
    if (subgoal === null) return list;
    const gain = moves.reduce((sum, move) => sum + game.reward[move], 0);
    return el("details", { class: "option", open: true },
      el("summary", { tabindex: "-1", "data-stop": true },
        el("span", { class: "count" }, option === null ? "" : String(option + 1)),
        el("span", { class: "subgoal" }, marked(subgoal, words)),
        el("span", { class: "points" }, change(gain), el("span", {}, plural(moves.length, "move")))), list);
  });
  const start = el("li", { class: "move start", tabindex: "-1", "data-move": 0, "data-stop": true },
    el("span", { class: "count" }, "0"), el("div", { class: "told" }, el("p", { class: "action" }, "start")),
    el("span", { class: "points" }, fixed(game.score[0], 0)),
    el("button", { type: "button", class: "more", tabindex: "-1", "aria-expanded": "false",
      onclick: () => unfold(start, game, 0) }, "room"));
  const box = el("div", { class: "column", role: "group", "aria-label": `Moves of ${playerOf(episode)}` },
    heading, facts(episode), warning(episode), el("ol", { class: "moves" }, start), groups);
  const first = box.querySelector("[data-stop]");
  first.tabIndex = 0;
  box.addEventListener("keydown", (event) => walkMoves(event, box));
  box.addEventListener("focusin", ({ target }) => {
    const item = target.closest("[data-stop]");
    if (!item || item.tabIndex === 0) return;
    for (const one of box.querySelectorAll("[data-stop]")) one.tabIndex = one === item ? 0 : -1;
  });
  return box;
}

/** Up and down between moves and sub-goals, Enter for the room. */
function walkMoves(event, box) {
  const item = event.target.closest("[data-stop]");
  if (!item || event.ctrlKey || event.metaKey || event.altKey) return;
  const stops = [...box.querySelectorAll("[data-stop]")].filter((one) => one.checkVisibility());
  const at = stops.indexOf(item);
  const next = { ArrowDown: at + 1, ArrowUp: at - 1, PageDown: at + 10, PageUp: at - 10,
    Home: 0, End: stops.length - 1 }[event.key];
  if (next !== undefined) {
    event.preventDefault();
    stops[Math.max(0, Math.min(stops.length - 1, next))].focus();
  } else if ((event.key === "Enter" || event.key === " ") && event.target.matches(".move")) {
    event.preventDefault();
    item.querySelector(".more").click();
  }
}

/** Brings a move into sight and gives it the focus. */
function focusMove(box, move) {
  const item = box.querySelector(`[data-move="${move}"]`);
  if (!item) return;
  item.closest("details")?.setAttribute("open", "");
  item.focus({ preventScroll: true });
  item.scrollIntoView({ block: "center" });
}

/** The game of an episode as an article; `beside`: an agent to compare with; `words`: marked in the texts. */
async function readEpisode(episode, { beside, words, go }) {
  const others = played(episode);
  const other = others.find((one) => playerOf(one) === beside);
  const shown = other ? [episode, other] : [episode];
  const open = await Promise.all(shown.map(openGame));
  const task = taskOf(episode);
  const columns = shown.map((one, place) => column(one, open[place], words));
  const chosen = el("select", { id: "beside", onchange: ({ target }) =>
    go(address(episode, 0, target.value || null)) },
  el("option", { value: "" }, "nobody"),
  others.map((one) => el("option", { value: playerOf(one), selected: one === other },
    `${playerOf(one)} (${outcome(one)}, ${fixed(one.score_last, 0)})`)));
  const fold = (shut) => () => columns.forEach((box) =>
    box.querySelectorAll("details").forEach((one) => one.toggleAttribute("open", !shut)));
  const divided = open.some((game) => game?.subgoal.some((one) => one !== null));
  const series = shown.map((one, place) => ({ name: playerOf(one), agent: one.agent, dash: place, values: open[place]?.score }))
    .filter(({ values }) => values)
    .map((one) => ({ ...one, values: one.values.map((score) => Math.max(0, score)) }));
  const start = open.find(Boolean);
  return el("article", {},
    el("h3", { id: "reading", tabindex: "-1" }, el("span", { class: "id" }, task.id), ` ${task.name}, variation ${episode.variation}`),
    start ? el("p", { class: "task-text" }, start.observation[0]) : null,
    el("div", { class: "tools" },
      others.length ? el("label", {}, "Compare with ", chosen) : null,
      divided ? el("button", { type: "button", onclick: fold(true) }, "Fold all") : null,
      divided ? el("button", { type: "button", onclick: fold(false) }, "Unfold all") : null),
    series.length ? plot(lineChart(series, `Score over the moves of ${joined(series.map(({ name }) => name))}.`, {
      x: { title: "move", head: (move) => `move ${move}` }, y: { title: "score", high: 100, write: (one) => fixed(one, 0) },
      height: 150, stepped: true, pick: (move) => focusMove(columns[0], move) })) : null,
    other ? sides(columns, shown) : null,
    el("div", { class: other ? "columns two" : "columns" }, columns));
}

/** On a narrow window two games do not fit beside each other: a switch shows one of them. */
function sides(columns, shown) {
  columns[1].classList.add("behind");
  const choose = (place) => columns.forEach((box, one) => box.classList.toggle("behind", one !== place));
  return el("fieldset", { class: "sides" }, el("legend", { class: "unseen" }, "Game that is shown"),
    shown.map((one, place) => el("label", {},
      el("input", { type: "radio", name: "side", checked: place === 0, onchange: () => choose(place) }),
      swatch(one.agent), playerOf(one))));
}
