// Starts the page: theme, figures, games, and the keys that work everywhere.

const THEMES = ["auto", "light", "dark"];

function setTheme(theme) {
  document.documentElement.dataset.theme = theme;
  byId("theme").replaceChildren(el("span", { class: "title" }, "Theme: "), theme);
  try {
    localStorage.setItem("sgd-gym-theme", theme);
  } catch {
    // A browser may keep nothing for a file: the choice then lasts until the page is closed.
  }
}

function storedTheme() {
  try {
    const theme = localStorage.getItem("sgd-gym-theme");
    return THEMES.includes(theme) ? theme : "auto";
  } catch {
    return "auto";
  }
}

setTheme(storedTheme());
byId("theme").addEventListener("click", () => {
  setTheme(THEMES[(THEMES.indexOf(document.documentElement.dataset.theme) + 1) % THEMES.length]);
});
addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.target.matches("input, select") || !byId("search")) return;
  event.preventDefault();
  byId("search").focus();
});
addEventListener("hashchange", follow);
addEventListener("scroll", hideTip, { passive: true });

headline();
overall();
pairs();
heatMap(showGamesOf);
profile();
curves();
costs();
makeBrowser();
follow();
document.documentElement.dataset.ready = "";
