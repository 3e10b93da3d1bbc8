// The list of episodes with its filters and search; leaves reading to reader.js.

const PAGE = 200;  // rows that the list shows at first

const browser = { shown: [], hits: null, words: "", all: false, current: null, round: 0 };

function makeBrowser() {
  const recorded = data.episodes.recorded.some(Boolean);
  const count = (test) => grouped(episodes.filter(test).length);
  const option = (value, name) => el("option", { value }, name);
  const reasons = Object.keys(OUTCOMES).filter((reason) => episodes.some((one) => one.ended_by === reason));
  const troubled = (one) => one.reason !== null;
  const select = (id, label, ...options) =>
    el("label", {}, label, el("select", { id, onchange: refilter }, options));
  put("games",
    recorded ? null : el("p", { class: "note" }, "No transcripts were kept, so there are results and no games to "
      + "read. Keep transcripts.parquet beside the results and make the report again."),
    el("form", { class: "filters", role: "search", onsubmit: (event) => event.preventDefault() },
      select("by-agent", "Agent", option("", "all"), data.agents.map((name, agent) => option(agent, name))),
      select("by-task", "Task", option("", "all"),
        tasks.map(({ id, name }, place) => option(place, `${id} ${name}`))),
      select("by-outcome", "Ended", option("", "any way"),
        option("!solved", `not solved (${count((one) => !one.success)})`),
        reasons.map((reason) => option(reason,
          `${OUTCOMES[reason]} (${count((one) => one.ended_by === reason)})`)),
        episodes.some(troubled) ? option("!well", `something went wrong (${count(troubled)})`) : []),
      recorded ? el("label", { class: "wide" }, "Search what was said and done",
        el("input", { id: "search", type: "search", autocomplete: "off", oninput: research })) : null),
    el("p", { class: "hint" }, el("span", { id: "count", role: "status" }),
      el("span", { class: "keys" }, el("kbd", {}, "↑"), el("kbd", {}, "↓"), " walk, ", el("kbd", {}, "Enter"),
        " opens, ", el("kbd", {}, "←"), el("kbd", {}, "→"), " other game, ", el("kbd", {}, "Esc"), " back, ",
        el("kbd", {}, "/"), " search")),
    el("div", { class: "shelf" },
      el("nav", { id: "list", "aria-label": "Episodes", onkeydown: walkList }),
      el("div", { id: "reader", onkeydown: leaf },
        el("p", { class: "note" }, "Choose an episode to read it move by move."))));
  refilter();
}

function refilter() {
  const [agent, task, ended] = ["by-agent", "by-task", "by-outcome"].map((id) => byId(id).value);
  browser.shown = episodes.filter((one) => (agent === "" || one.agent === Number(agent))
    && (task === "" || one.task === Number(task))
    && (ended === "" || (ended === "!solved" ? !one.success
      : ended === "!well" ? one.reason !== null : one.ended_by === ended))
    && (!browser.hits || browser.hits.has(one.place)));
  browser.all = false;
  fillList();
}

/** Searches a moment after the last letter; unpacking every game takes a while the first time. */
function research() {
  const round = ++browser.round;
  setTimeout(async () => {
    if (round !== browser.round) return;
    const words = byId("search").value.trim();
    if (words.length >= 2) {
      byId("count").textContent = "searching …";
      const hits = await searchGames(words, () => round !== browser.round);
      if (!hits) return;
      Object.assign(browser, { hits, words });
    } else {
      Object.assign(browser, { hits: null, words: "" });
    }
    refilter();
  }, 200);
}

function fillList() {
  const { shown, hits, current } = browser;
  byId("count").textContent = shown.length === episodes.length
    ? plural(shown.length, "episode") : `${grouped(shown.length)} of ${plural(episodes.length, "episode")}`;
  const rows = browser.all ? shown : shown.slice(0, PAGE);
  const links = rows.map((one) => {
    const task = taskOf(one);
    const mark = hits ? el("span", { class: "hits" }, plural(hits.get(one.place), "hit")) : null;
    return el("li", {}, el("a", { href: address(one), tabindex: "-1", "data-place": one.place,
      "aria-current": one === current ? "true" : null },
    el("span", { class: "what" }, el("span", { class: "id" }, task.id), ` ${task.name} `,
      el("small", {}, `v${one.variation}`)),
    el("span", { class: "who" }, swatch(one.agent), playerOf(one), mark),
    el("span", { class: "end" }, el("b", { class: `badge ${one.ended_by}` }, outcome(one)),
      el("b", {}, fixed(one.score_last, 0))),
    one.reason === null ? null : el("span", { class: "reason", title: one.reason }, one.reason)));
  });
  const rest = shown.length - rows.length;
  byId("list").replaceChildren(
    shown.length ? el("ol", {}, links) : el("p", { class: "note" }, "No episode is like this."),
    rest ? el("button", { type: "button", onclick: showAll }, `Show ${plural(rest, "more episode")}`) : "");
  const first = byId("list").querySelector("a[aria-current]") ?? byId("list").querySelector("a");
  if (first) first.tabIndex = 0;
}

function showAll() {
  browser.all = true;
  fillList();
  byId("list").querySelectorAll("a")[PAGE].focus();
}

/** Keys in the list. */
function walkList(event) {
  const links = [...byId("list").querySelectorAll("a")];
  const at = links.indexOf(event.target);
  const next = { ArrowDown: at + 1, ArrowUp: at - 1, PageDown: at + 10, PageUp: at - 10,
    Home: 0, End: links.length - 1 }[event.key];
  if (at < 0 || next === undefined) return;
  event.preventDefault();
  rove(links, links[Math.max(0, Math.min(links.length - 1, next))]);
}

/** Keys in the reader: the game before and after, and back to the list. */
function leaf(event) {
  if (event.target.matches("select, input") || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape") {
    byId("list").querySelector("a[tabindex='0']")?.focus();
    return;
  }
  const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (!step) return;
  const next = browser.shown[browser.shown.indexOf(browser.current) + step];
  if (!next) return;
  event.preventDefault();
  goTo(address(next));
}

/** Opens an address at once: a key pressed before the event of a new hash would still mean the old game. */
function goTo(hash) {
  history.pushState(null, "", hash);
  follow();
}

/** Shows what the address of the page names. */
async function follow() {
  const wanted = parseAddress(location.hash);
  if (!wanted) return;
  const { episode, move, beside } = wanted;
  if (!episode) {
    byId("reader").replaceChildren(el("p", { class: "note" }, "This report has no such episode."));
    byId("games").scrollIntoView();
    return;
  }
  const { words } = browser;
  browser.current = episode;
  if (!browser.shown.includes(episode)) showEverything();
  for (const link of byId("list").querySelectorAll("a")) {
    const here = Number(link.dataset.place) === episode.place;
    link.toggleAttribute("aria-current", here);
    if (here) link.setAttribute("aria-current", "true");
    link.tabIndex = here ? 0 : -1;
    if (here) byId("list").scrollTop = link.offsetTop - byId("list").clientHeight / 2;
  }
  const focused = document.activeElement;
  const article = await readEpisode(episode, { beside, words, go: goTo });
  if (browser.current !== episode) return;  // another one was chosen meanwhile
  const gone = document.activeElement !== focused;
  byId("reader").replaceChildren(article);
  if (gone) return;  // back to the list, say: the focus stays where the reader took it
  if (move) {
    focusMove(article, move);
    return;
  }
  byId("reading").focus({ preventScroll: true });
  byId("reader").scrollIntoView({ block: "start" });
}

/** Drops the filters, for an address may name an episode that they hide. */
function showEverything() {
  for (const id of ["by-agent", "by-task", "by-outcome", "search"]) if (byId(id)) byId(id).value = "";
  Object.assign(browser, { hits: null, words: "" });
  refilter();
}

/** Filters for a cell of the heat map. */
function showGamesOf(agent, task) {
  showEverything();
  byId("by-agent").value = agent;
  byId("by-task").value = task;
  refilter();
  byId("games").scrollIntoView();
  byId("list").querySelector("a")?.focus({ preventScroll: true });
}
