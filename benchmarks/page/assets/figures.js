// The headline and the figures of the page, from their data to their places; unpacks no game.

const ofAgents = data.agents.map((name, agent) => ({ name, agent }));
const nameCell = ({ name, agent, notes }) =>
  el("span", { class: "name-cell" }, swatch(agent), name,
    agent === undefined ? [publishedTag(), ` ${noteMarks({ notes })}`] : null);
const put = (id, ...children) => build(byId(id), {}, children);
const lead = (words) => el("p", { class: "lead" }, words);

/** The footnotes of published rows. */
function footnotes(rows) {
  const used = [...new Set(rows.flatMap(({ notes }) => notes ?? []))].sort((one, other) => one - other);
  return used.map((number) => el("p", { class: "source" }, data.footnotes[number - 1]));
}

function headline() {
  const { rows, kinds } = data.overall;
  const own = rows.filter(({ agent }) => agent !== undefined);
  byId("headline-title").append(`${joined(data.agents)} on ${data.protocol}`);
  const most = Math.max(...own.map((row) => row.episodes));
  const ranked = [...own].sort((one, other) => other.scores[0].mean - one.scores[0].mean);
  put("headline",
    lead(`${plural(most, "episode")} of ${plural(kinds[0].tasks, "task")} for each agent. Mean score: `
      + `${joined(ranked.map(({ name, scores }) => `${name} ${fixed(scores[0].mean)}`))}.`));
  for (const { name, errors } of own.filter((row) => row.errors)) {
    put("headline", el("p", { class: "note" },
      `${name}: ${plural(errors, "episode")} ended by an error; the same command plays them again.`));
  }
  const trained = data.training_seeds.map((seeds, agent) => [data.agents[agent], seeds.filter((one) => one !== null)])
    .filter(([, seeds]) => seeds.length).map(([name, seeds]) => `${name} ${seeds.join(", ")}`);
  const distinct = (pick) => [...new Set(data.files.map(pick).filter(Boolean))].join(", ") || "unknown";
  const facts = [
    ["Protocol", data.protocol],
    ["Training seeds", trained.join(" · ") || "none"],
    ["Git", distinct(({ git }) => git)],
    ["Made", distinct(({ created }) => created?.slice(0, 10))],
    ["sgd-gym", distinct(({ versions }) => versions?.["sgd-gym"])],
    ["scienceworld", distinct(({ versions }) => versions?.scienceworld)],
  ];
  put("headline",
    el("dl", { class: "facts" }, facts.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value)))),
    el("details", {}, el("summary", {}, "How it was made"), data.files.map(origin)));
}

function origin(file) {
  const list = (record) => Object.entries(record ?? {}).map(([name, value]) => `${name} ${value}`).join(" · ");
  const facts = [["Agents", file.agents.join(", ")], ["Command", file.command], ["Made", file.created],
    ["Git", file.git], ["Versions", list(file.versions)], ["Settings", list(file.settings)]];
  return el("dl", { class: "origin" }, facts.filter(([, value]) => value)
    .map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value))));
}

function overall() {
  const { rows, kinds, subset } = data.overall;
  const axis = "mean score";
  const chart = (place, title) => {
    const shown = rows.filter((row) => row.scores[place]).map((row) => ({ ...row, score: row.scores[place] }));
    return plot(barChart(shown, title, axis));
  };
  put("overall",
    lead(`Mean over tasks, 0 to 100; ${data.scoring_text}. Whiskers: ${data.caption}`),
    chart(0, "Mean score of each agent over all tasks, bars with 95 % intervals."));
  if (kinds.length > 1) {
    put("overall", el("div", { class: "kinds" }, kinds.slice(1).map(({ name, tasks: count }, place) =>
      el("div", {}, el("h3", {}, `${name} tasks`, el("small", {}, ` ${count}`)),
        chart(place + 1, `Mean score of each agent over ${name} tasks, bars with 95 % intervals.`)))));
  }
  const interval = (score) => (!score ? "–" : score.low === undefined ? fixed(score.mean)
    : `${fixed(score.mean)} (${fixed(score.low)} to ${fixed(score.high)})`);
  put("overall", numbers("Mean scores with 95 % intervals",
    ["agent", ...kinds.map(({ name }) => (name === "all" ? "all tasks" : name)), ...(subset ? [subset] : []),
      "IQM", "negative end 0", "last good score", "success", "moves", "episodes", "money", "peak memory"],
    rows.map((row) => [nameCell(row), ...row.scores.map(interval), ...(subset ? [interval(row.subset)] : []),
      interval(row.iqm), interval(row.negative_as_zero), interval(row.last_good),
      row.success ? percent(row.success.mean) : "–", fixed(row.moves), row.episodes ?? "–",
      ...(row.agent === undefined ? ["–", "–"] : spent(data.costs[row.agent]))])),
  el("p", { class: "source" }, "IQM: mean of the middle half of the tasks' scores, over training seeds too. "
    + "First 9, where told: of each task's first variations. Money: of an episode, where the prices are known. "
    + "Peak memory: of the Python process; each simulator holds about 400 MB more."), footnotes(rows));
}

/** Money and memory of an agent. */
const spent = ({ money, peak_memory_mb: memory }) =>
  [money === null ? "–" : fixed(money, money ? 3 : 0), `${grouped(memory)} MB`];

function pairs() {
  if (!data.pairs.length) {
    byId("pairs").remove();
    document.querySelector("nav a[href='#pairs']").remove();
    return;
  }
  const signed = (value) => `${value > 0 ? "+" : ""}${fixed(value)}`;
  const gap = ({ low, high }) => `${signed(low)} to ${signed(high)}`;
  const odds = (value) => value.toFixed(2);
  const rows = data.pairs.map(({ a, b, difference, improvement }) => ({
    name: `${data.agents[a]} less ${data.agents[b]}`, score: difference, improvement,
    lines: [[null, "difference", signed(difference.mean)], [null, "95 % interval", gap(difference)],
      [null, "P(more)", odds(improvement.mean)]] }));
  put("pairs",
    lead("Difference of the mean scores on the same episodes, drawn together, with 95 % intervals. "
      + "Filled: the interval leaves out 0."),
    plot(differenceChart(rows, "Difference of the mean scores of each two agents, with 95 % intervals.",
      "difference of mean scores")),
    numbers("Differences of each two agents", ["agents", "difference", "95 % interval", "P(more)", "95 % interval"],
      rows.map((row) => [row.name, signed(row.score.mean), gap(row.score), odds(row.improvement.mean),
        `${odds(row.improvement.low)} to ${odds(row.improvement.high)}`])),
    el("p", { class: "source" }, "P(more): probability that the first scores more than the second in an episode; "
      + "a tie counts half."));
}

/** A table whose cells are coloured is its own table for a screen reader. */
function heatMap(choose) {
  const { columns } = data.heat_map;
  const own = columns.filter(({ agent }) => agent !== undefined).length;
  // Where black on a colour gives way to white, in the light and in the dark theme: contrast is 4.5 on both sides.
  const shade = (score) => (score === null ? "none" : score > 77.5 ? "deep" : score > 55 ? "half" : null);
  const makeCell = (column, place) => {
    const score = column.scores[place];
    const cell = el("td", { class: shade(score) });
    cell.style.setProperty("--heat", `${score ?? 0}%`);
    const value = fixed(score, 0);
    cell.append(column.agent === undefined || score === null ? value
      : el("button", { type: "button", tabindex: "-1", "aria-label": `${value}: ${column.name}, ${tasks[place].name}`,
        onclick: () => choose(column.agent, place) }, value));
    return cell;
  };
  const heads = columns.map((column) => el("th", { scope: "col" },
    column.agent === undefined ? null : swatch(column.agent), column.name,
    column.agent === undefined ? el("small", {}, ` ${noteMarks(column)}`) : null));
  const groups = ["short", "medium", "long"].map((kind) => {
    const lines = tasks.flatMap((task, place) => (task.kind !== kind ? [] : [
      el("tr", {}, el("th", { scope: "row", title: task.name }, el("span", { class: "id" }, task.id),
        el("span", { class: "task" }, task.name)), columns.map((column) => makeCell(column, place)))]));
    return lines.length ? el("tbody", {}, el("tr", { class: "kind" },
      el("th", { scope: "rowgroup", colspan: columns.length + 1 }, el("span", {}, `${kind} tasks`))), lines) : null;
  });
  const grid = el("table", { class: "heat", onkeydown: walkCells },
    el("caption", { class: "unseen" }, "Mean score of each task and agent"),
    el("colgroup"), el("colgroup", { span: own, class: "own" }),
    columns.length > own ? el("colgroup", { span: columns.length - own, class: "papers" }) : null,
    el("thead", {},
      columns.length > own ? el("tr", {}, el("td"), el("th", { colspan: own, scope: "colgroup" }, "agents"),
        el("th", { colspan: columns.length - own, scope: "colgroup" }, publishedTag())) : null,
      el("tr", {}, el("th", { scope: "col" }, "task"), heads)), groups);
  const first = grid.querySelector("button");
  if (first) first.tabIndex = 0;
  put("tasks",
    lead("Mean score of each task. A cell opens its games below."),
    el("div", { class: "scroll", role: "region", "aria-label": "Score by task" }, grid),
    el("p", { class: "ramp", "aria-hidden": "true" }, "0", el("i"), "100"),
    footnotes(columns));
}

/** Arrow keys in the heat map. */
function walkCells(event) {
  const rows = [...event.currentTarget.querySelectorAll("tbody tr:not(.kind)")]
    .map((row) => [...row.querySelectorAll("button")]).filter((row) => row.length);
  const y = rows.findIndex((row) => row.includes(event.target));
  const step = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] }[event.key];
  if (y < 0 || !step) return;
  event.preventDefault();
  const row = rows[y + step[1]] ?? rows[y];
  rove(rows.flat(), row[Math.max(0, Math.min(row.length - 1, rows[y].indexOf(event.target) + step[0]))]);
}

function profile() {
  const series = ofAgents.map((one) => ({ ...one, values: data.profile[one.agent] }));
  const levels = [1, 10, 25, 50, 75, 90, 100];
  put("profile",
    lead("Share of an agent's episodes that score at least so much. Higher is better everywhere."),
    legend(ofAgents.map(({ name, agent }) => [agent, name])),
    plot(lineChart(series, "Share of episodes with at least a score, for each agent.", {
      x: { title: "score of at least", head: (score) => `score ≥ ${score}` },
      y: { title: "share of episodes", high: 1, write: percent }, stepped: true })),
    numbers("Share of episodes with at least a score", ["agent", ...levels.map((level) => `≥ ${level}`)],
      series.map((one) => [nameCell(one), ...levels.map((level) => percent(one.values[level]))])));
}

function curves() {
  if (!data.curves) {
    put("moves", el("p", { class: "note" }, "Without transcripts there is no score of each move. "
      + "Keep transcripts.parquet beside the results and make the report again."));
    return;
  }
  const series = ofAgents.filter(({ agent }) => data.curves[agent])
    .map((one) => ({ ...one, values: data.curves[one.agent] }));
  const missing = ofAgents.filter(({ agent }) => !data.curves[agent]).map(({ name }) => name);
  put("moves", lead("Mean score after so many moves; an ended episode keeps its score. "
    + "Each line ends at the agent's score above."));
  if (missing.length) put("moves", el("p", { class: "note" }, `No whole transcript: ${joined(missing)}.`));
  if (!series.length) return;
  const last = series[0].values.length - 1;
  const steps = [...new Set([0, 0.1, 0.25, 0.5, 0.75, 1].map((share) => Math.round(share * last)))];
  put("moves", legend(series.map(({ name, agent }) => [agent, name])),
    plot(lineChart(series, "Mean score over moves, for each agent.", {
      x: { title: "moves", head: (move) => `after ${plural(move, "move")}` },
      y: { title: "mean score", high: 100, write: (score) => fixed(score, Number.isInteger(score) ? 0 : 1) } })),
    numbers("Mean score after so many moves", ["agent", ...steps.map((step) => `${step}`)],
      series.map((one) => [nameCell(one), ...steps.map((step) => fixed(one.values[step]))])));
}

function costs() {
  const rows = data.costs;
  const points = rows.map((row) => ({ ...row, x: row.tokens, y: row.score, lines: [
    [row.agent ?? null, "score", fixed(row.score)], [null, "tokens a move", grouped(row.tokens, 1)],
    ...(row.notes ? [[null, "published, see", noteMarks(row)]] : [])] }));
  put("cost", lead("Tokens that models read and write for each move, on a logarithmic axis. "
    + "Further left is cheaper, higher is better."));
  if (rows.some(({ tokens }) => tokens > 0)) {
    put("cost", plot(pointChart(points, "Tokens a move against mean score, for each agent.", {
      x: { title: "tokens a move" }, y: { title: "mean score" } })));
  } else {
    put("cost", el("p", { class: "note" }, "No agent here calls a model."));
  }
  const value = (number, digits) => (number === undefined ? "–" : grouped(number, digits));
  put("cost", table("Costs for each episode",
    ["agent", "score", "tokens a move", "LLM tokens", "money", "planner calls", "executor calls",
      "invalid commands", "agent seconds", "seconds", "peak memory"],
    rows.map((row) => [nameCell(row), fixed(row.score), value(row.tokens, 1), value(row.llm_tokens, 0),
      ...(row.agent === undefined ? Array(7).fill("–") : [spent(row)[0], value(row.planner_calls, 1),
        value(row.executor_calls, 1), value(row.invalid_commands, 1), value(row.agent_seconds, 1),
        value(row.seconds, 1), spent(row)[1]])])),
    el("p", { class: "source" }, "LLM tokens, money, calls, invalid commands (which the simulator did not understand) "
      + "and seconds are means for each episode."), footnotes(rows));
}
