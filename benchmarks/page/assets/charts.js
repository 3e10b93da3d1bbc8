// Bars, lines and points as inline SVG with axes, a cursor and keys; knows no benchmark.

const DASHES = ["", "7 4", "2 3", "9 3 2 3", "12 5", "4 2", "1 4", "6 2 1 2"];

/** Fills a box anew whenever its width changes; `draw(width)` returns an SVG. */
function plot(draw) {
  const box = el("div", { class: "plot" });
  let last = 0;
  new ResizeObserver(([entry]) => {
    const width = Math.floor(entry.contentRect.width);
    if (!width || width === last) return;
    last = width;
    const held = box.contains(document.activeElement);
    box.replaceChildren(draw(width));
    if (held) box.firstChild.focus();
  }).observe(box);
  return box;
}

const scale = (low, high, from, to) => (value) => from + ((value - low) / (high - low || 1)) * (to - from);

/** Round steps between 0 and a maximum, about so many. */
function ticksTo(high, count) {
  const raw = high / Math.max(1, count);
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = Math.max(high > 1 ? 1 : 0, [1, 2, 2.5, 5, 10].find((one) => one * power >= raw) * power);
  return Array.from({ length: Math.floor(high / step + 1e-9) + 1 }, (_, place) => place * step);
}

const text = (x, y, anchor, content, kind = "") =>
  svg("text", { x, y, "text-anchor": anchor, class: kind }, content);
const rule = (x1, y1, x2, y2, kind) => svg("line", { x1, y1, x2, y2, class: kind });
const shorten = (name, length) => (name.length > length ? `${name.slice(0, length - 1)}…` : name);

/** Ticks with grid lines, and titles of both axes. */
function axes(area, x, y) {
  const { left, right, top, bottom } = area;
  return svg("g", { "aria-hidden": "true" },
    (y.ticks ?? []).flatMap((tick) => [
      rule(left, y.at(tick), right, y.at(tick), "grid"),
      text(left - 7, y.at(tick) + 4, "end", y.write(tick), "tick")]),
    x.ticks.flatMap((tick) => [
      y.ticks ? rule(x.at(tick), bottom, x.at(tick), bottom + 4, "axis")
        : rule(x.at(tick), top, x.at(tick), bottom, "grid"),
      text(x.at(tick), bottom + 17, "middle", x.write(tick), "tick")]),
    rule(left, bottom, right, bottom, "axis"),
    text((left + right) / 2, bottom + 35, "middle", x.title, "axis-title"),
    y.title ? text(left - 30, top - 10, "start", y.title, "axis-title") : null);
}

/**
 * Lets pointer and keys walk over the marks of a drawing.
 *
 * marks: [{x, y, head, lines: [[agent, name, value]], cursor}]; along: "x", "y" or "xy", what tells which is near.
 */
function walk(drawing, marks, along, pick) {
  const cursor = svg("g", { class: "cursor", "aria-hidden": "true" });
  drawing.append(cursor);
  let at = -1;
  const show = (place, aloud) => {
    at = Math.max(0, Math.min(marks.length - 1, place));
    const mark = marks[at];
    cursor.replaceChildren(...mark.cursor());
    const frame = drawing.getBoundingClientRect();
    showTip(frame.left + mark.x, frame.top + mark.y, el("b", {}, mark.head),
      ...mark.lines.map(([agent, name, value]) =>
        el("div", {}, agent === null ? null : swatch(agent), el("span", {}, name), el("b", {}, value))));
    if (aloud) say(`${mark.head}: ${mark.lines.map(([, name, value]) => `${name} ${value}`).join(", ")}`);
  };
  const hide = () => {
    cursor.replaceChildren();
    hideTip();
  };
  const nearest = (event) => {
    const frame = drawing.getBoundingClientRect();
    const gap = ({ x, y }) => (along === "y" ? 0 : Math.abs(x - (event.clientX - frame.left)))
      + (along === "x" ? 0 : Math.abs(y - (event.clientY - frame.top)));
    return marks.reduce((best, mark, place) => (gap(mark) < gap(marks[best]) ? place : best), 0);
  };
  const keys = {
    ArrowRight: () => at + 1, ArrowDown: () => at + 1, ArrowLeft: () => at - 1, ArrowUp: () => at - 1,
    PageDown: () => at + 10, PageUp: () => at - 10, Home: () => 0, End: () => marks.length - 1,
  };
  drawing.addEventListener("pointermove", (event) => show(nearest(event), false));
  drawing.addEventListener("pointerleave", hide);
  drawing.addEventListener("click", (event) => pick?.(nearest(event)));
  drawing.addEventListener("focus", () => drawing.matches(":focus-visible") && show(Math.max(0, at), true));
  drawing.addEventListener("blur", hide);
  drawing.addEventListener("keydown", (event) => {
    if (event.key === "Escape") hide();
    if (event.key === "Enter") pick?.(at);
    if (!(event.key in keys) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    show(keys[event.key](), true);
  });
  return drawing;
}

const canvas = (width, height, label, ...children) =>
  svg("svg", {
    viewBox: `0 0 ${width} ${height}`, width, height, tabindex: "0", role: "application",
    "aria-roledescription": "chart", "aria-label": `${label} Arrow keys read its values.`,
  }, svg("title", {}, label), ...children);

/** Horizontal bars from 0 to 100; rows: [{name, agent, score: {mean, low, high}, note}]; no agent: published. */
function barChart(rows, label, axis) {
  return (width) => {
    const narrow = width < 560;  // names stand above their bars
    const pitch = narrow ? 42 : 32;
    const longest = Math.max(...rows.map(({ name, agent }) => name.length + (agent === undefined ? 10 : 0)));
    const left = narrow ? 2 : Math.min(270, 14 + 6.8 * longest);
    const area = { left, right: width - 46, top: 4, bottom: 8 + pitch * rows.length };
    const x = scale(0, 100, area.left, area.right);
    const marks = rows.map((row, place) => {
      const y = area.top + pitch * place + (narrow ? 28 : pitch / 2);
      const { mean, low, high } = row.score;
      const lines = [[row.agent ?? null, "mean", fixed(mean)]];
      if (low !== undefined) lines.push([null, "95 % interval", `${fixed(low)} to ${fixed(high)}`]);
      if (row.notes) lines.push([null, "published, see", noteMarks(row)]);
      return { x: x(mean), y, head: row.name, lines, row,
        cursor: () => [svg("rect", { x: left - 1, y: y - 12, width: x(mean) - left + 2, height: 24 })] };
    });
    const bars = marks.map(({ y, row }) => {
      const { mean, low, high } = row.score;
      const spread = low !== undefined && high > low;
      const name = svg("text", { x: narrow ? left : left - 9, y: narrow ? y - 13 : y + 4,
        "text-anchor": narrow ? "start" : "end" }, shorten(row.name, 26),
        row.agent === undefined ? svg("tspan", { class: "tick", dx: 5 }, "published") : null);
      return svg("g", { class: hue(row.agent) }, name,
        svg("rect", { class: "bar", x: left, y: y - 8, width: Math.max(1, x(mean) - left), height: 16, rx: 2 }),
        spread ? svg("g", { class: "spread" }, rule(x(low), y, x(high), y),
          rule(x(low), y - 5, x(low), y + 5), rule(x(high), y - 5, x(high), y + 5)) : null,
        text(x(Math.max(mean, high ?? 0)) + 7, y + 4, "start", fixed(mean), "value"));
    });
    const ticks = ticksTo(100, width < 300 ? 2 : 4);
    return walk(canvas(width, area.bottom + 42, label,
      axes(area, { at: x, ticks, write: String, title: axis }, {}), bars), marks, "y");
  };
}

/** Differences with intervals around 0; rows: [{name, score: {mean, low, high}, lines}]. */
function differenceChart(rows, label, axis) {
  return (width) => {
    const narrow = width < 560;  // names stand above their intervals
    const pitch = narrow ? 40 : 28;
    const left = narrow ? 14 : Math.min(270, 14 + 6.8 * Math.max(...rows.map(({ name }) => name.length)));
    const area = { left, right: width - 24, top: 4, bottom: 8 + pitch * rows.length };
    const most = Math.max(...rows.map(({ score }) => Math.max(1, -score.low, score.high)));
    const steps = ticksTo(most, 2), last = steps.at(-1);
    const far = last < most ? last + steps[1] : last;
    const x = scale(-far, far, area.left, area.right);
    const marks = rows.map((row, place) => ({
      x: x(row.score.mean), y: area.top + pitch * place + (narrow ? 26 : pitch / 2), head: row.name,
      lines: row.lines, row, cursor: () => [svg("circle", { cx: x(row.score.mean),
        cy: area.top + pitch * place + (narrow ? 26 : pitch / 2), r: 10 })] }));
    const shapes = marks.map(({ x: at, y, row: { name, score } }) => {
      const clear = score.low > 0 || score.high < 0;
      return svg("g", { class: `difference ${clear ? "clear" : ""}` },
        svg("text", { x: narrow ? 2 : left - 9, y: narrow ? y - 12 : y + 4,
          "text-anchor": narrow ? "start" : "end" }, shorten(name, 38)),
        rule(x(score.low), y, x(score.high), y), rule(x(score.low), y - 6, x(score.low), y + 6),
        rule(x(score.high), y - 6, x(score.high), y + 6), svg("circle", { cx: at, cy: y, r: 3.5 }));
    });
    const ticks = [...new Set([...steps.map((one) => -one), 0, ...steps])];
    const write = (tick) => (tick > 0 ? `+${tick}` : fixed(tick || 0, Number.isInteger(tick) ? 0 : 1));
    return walk(canvas(width, area.bottom + 42, label,
      axes(area, { at: x, ticks, write, title: axis }, {}), rule(x(0), area.top, x(0), area.bottom, "axis"),
      shapes), marks, "y");
  };
}

/** Lines over whole numbers from 0; series: [{name, agent, values, dash}]; pick(x) is called where one is chosen. */
function lineChart(series, label, { x: xAxis, y: yAxis, height = 300, stepped = false, pick }) {
  return (width) => {
    const last = Math.max(...series.map(({ values }) => values.length)) - 1;
    const aside = width >= 520 && series.length > 1;  // names stand at the ends of their lines
    const longest = Math.max(...series.map(({ name }) => Math.min(18, name.length)));
    const area = { left: 40, right: width - (aside ? 22 + 7 * longest : 10), top: 26, bottom: height - 44 };
    const x = scale(0, last, area.left, area.right);
    const y = scale(0, yAxis.high, area.bottom, area.top);
    const value = (values, place) => values[Math.min(place, values.length - 1)];
    const path = (values) => values.map((one, place) => {
      const at = `${x(place).toFixed(1)} ${y(one).toFixed(1)}`;
      return !place ? `M${at}` : stepped ? `V${y(one).toFixed(1)}H${x(place).toFixed(1)}` : `L${at}`;
    }).join("");
    const lines = series.map(({ agent, values, dash = agent }) => svg("path", {
      class: `line ${hue(agent)}`, d: path(values), "stroke-dasharray": DASHES[dash % 8] }));
    const ends = aside ? spreadOut(series.map((one) => ({ ...one, y: y(one.values.at(-1)) + 4 })), 14, area)
      .map((one) => svg("text", { x: area.right + 9, y: one.y, class: `name ${hue(one.agent)}` },
        shorten(one.name, 18))) : [];
    const marks = Array.from({ length: last + 1 }, (_, place) => ({
      x: x(place), y: (area.top + area.bottom) / 2, head: xAxis.head(place),
      lines: series.map(({ agent, name, values }) => [agent, name, yAxis.write(value(values, place))]),
      cursor: () => [rule(x(place), area.top, x(place), area.bottom), ...series.map(({ agent, values }) =>
        svg("circle", { class: hue(agent), cx: x(place), cy: y(value(values, place)), r: 4 }))],
    }));
    const drawing = canvas(width, height, label,
      axes(area, { at: x, ticks: ticksTo(last, width < 420 ? 4 : 6), write: String, title: xAxis.title },
        { at: y, ticks: ticksTo(yAxis.high, 4), write: yAxis.write, title: yAxis.title }),
      svg("rect", { class: "ground", x: area.left, y: area.top, width: area.right - area.left,
        height: area.bottom - area.top }), lines, ends);
    return walk(drawing, marks, "x", pick);
  };
}

/** Points over a logarithmic axis with a place of its own for 0; points: [{name, agent, x, y, lines}]. */
function pointChart(points, label, { x: xAxis, y: yAxis, height = 320 }) {
  return (width) => {
    const counted = points.map((point) => point.x).filter((one) => one > 0);
    const nought = counted.length < points.length;
    const low = Math.floor(Math.log10(Math.min(...counted)));
    const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(...counted))));
    const area = { left: 40, right: width - 14, top: 26, bottom: height - 44 };
    const noughts = points.filter((point) => !(point.x > 0)).map(({ name }) => Math.min(14, name.length));
    const from = area.left + (nought ? 46 + 7 * Math.max(...noughts) : 0);
    const log = scale(low, high, from, area.right);
    const x = (value) => (value > 0 ? log(Math.log10(value)) : area.left + 16);
    const y = scale(0, 100, area.bottom, area.top);
    const ticks = [...(nought ? [0] : []),
      ...Array.from({ length: high - low + 1 }, (_, place) => 10 ** (low + place))];
    const marks = points.map((point) => ({ x: x(point.x), y: y(point.y), head: point.name, lines: point.lines,
      point, cursor: () => [svg("circle", { cx: x(point.x), cy: y(point.y), r: 11 })] }))
      .sort((one, other) => one.x - other.x || other.y - one.y);
    const shapes = marks.map((mark) => mark.point.agent === undefined
      ? svg("rect", { class: "published dot", x: mark.x - 5, y: mark.y - 5, width: 10, height: 10,
        transform: `rotate(45 ${mark.x} ${mark.y})` })
      : svg("circle", { class: `dot ${hue(mark.point.agent)}`, cx: mark.x, cy: mark.y, r: 6 }));
    const placed = [];
    const names = [...marks].sort((one, other) => one.y - other.y).map((mark) => {
      const flip = mark.x > area.right - 90;
      let at = mark.y + 4;
      // Names of near points would lie on each other: the lower one gives way.
      for (const one of placed) if (Math.abs(one.x - mark.x) < 100 && at - one.y < 14) at = one.y + 14;
      placed.push({ x: mark.x, y: at });
      return svg("text", { x: mark.x + (flip ? -11 : 11), y: at, "text-anchor": flip ? "end" : "start",
        class: `name ${hue(mark.point.agent)}` }, shorten(mark.point.name, 14));
    });
    const write = (tick) => (tick >= 1 || tick === 0 ? grouped(tick) : String(tick));
    return walk(canvas(width, height, label,
      axes(area, { at: x, ticks, write, title: xAxis.title },
        { at: y, ticks: ticksTo(100, 4), write: String, title: yAxis.title }),
      nought ? rule(from - 12, area.top, from - 12, area.bottom, "break") : null, shapes, names), marks, "xy");
  };
}

/** Moves labels down, then up, until each is `gap` from the next and all lie in the area. */
function spreadOut(labels, gap, area) {
  const sorted = [...labels].sort((one, other) => one.y - other.y);
  sorted.forEach((one, place) => {
    if (place) one.y = Math.max(one.y, sorted[place - 1].y + gap);
  });
  sorted.reverse().forEach((one, place) => {
    one.y = Math.min(one.y, place ? sorted[place - 1].y - gap : area.bottom + 4);
  });
  return sorted;
}

/** The agents and their colours, for drawings that have no room for names. */
const legend = (names) => el("ul", { class: "legend" }, names.map(([agent, name]) =>
  el("li", {}, swatch(agent), name)));
