// Charts in the colours of the theme, the tree of accounts, what refreshes by itself, and a click that copies an id.
"use strict";

(() => {
  const narrow = "\u202f";
  const grouped = (text) => {
    const [whole, fraction] = text.replace("-", "").split(".");
    const digits = whole.replace(/\B(?=(\d{3})+$)/g, narrow);
    return (text.startsWith("-") ? "\u2212" : "") + digits + (fraction ? "." + fraction : "");
  };
  const short = (value) => {
    const size = Math.abs(value);
    const [unit, letter] = size >= 1e12 ? [1e12, "T"] : size >= 1e9 ? [1e9, "B"] : size >= 1e6 ? [1e6, "M"] : size >= 1e4 ? [1e3, "k"] : [1, ""];
    return grouped(String(Number((value / unit).toPrecision(4)))) + letter;
  };

  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  const dataset = (data, points) => {
    const values = points.map((point) => Number(point[1]));
    if (data.kind === "volume") {
      return { type: "bar", data: values, backgroundColor: colour("--accent"), maxBarThickness: 18, borderRadius: 1 };
    }
    return {
      type: "line", data: values, stepped: true, borderColor: colour("--accent"), borderWidth: 1.75,
      // One day alone has no line.
      pointRadius: values.length > 1 ? 0 : 4, pointBackgroundColor: colour("--accent"), pointHitRadius: 12, fill: "origin", backgroundColor: colour("--accent-soft"),
    };
  };

  const draw = (canvas) => {
    const data = JSON.parse(document.getElementById(canvas.dataset.points).textContent);
    const axis = { color: colour("--quiet"), font: { family: "Inter", size: 11 } };
    const set = dataset(data, data.points);
    Chart.getChart(canvas)?.destroy();
    new Chart(canvas, {
      type: set.type,
      data: { labels: data.points.map((point) => point[0]), datasets: [set] },
      options: {
        animation: false, responsive: true, maintainAspectRatio: false,
        interaction: { mode: "index", intersect: false },
        scales: {
          x: { grid: { display: false }, border: { color: colour("--rule-strong") }, ticks: { ...axis, maxRotation: 0, autoSkipPadding: 24 } },
          y: {
            grid: { color: colour("--rule") }, border: { display: false },
            ticks: { ...axis, maxTicksLimit: 6, callback: short },
            title: { display: true, text: data.currency, color: colour("--quiet"), font: { family: "Inter", size: 11 } },
          },
        },
        plugins: {
          legend: { display: false },
          tooltip: {
            backgroundColor: colour("--ink"), titleColor: colour("--paper"), bodyColor: colour("--paper"),
            displayColors: false, callbacks: { label: (item) => `${grouped(data.points[item.dataIndex][1])} ${data.currency}` },
          },
        },
      },
    });
  };

  const drawAll = () => document.querySelectorAll("canvas[data-points]").forEach(draw);

  const below = (row) => {
    const rows = [];
    const depth = Number(row.dataset.depth);
    for (let next = row.nextElementSibling; next && Number(next.dataset.depth) > depth; next = next.nextElementSibling) {
      rows.push(next);
    }
    return rows;
  };

  // A part of a page; no text if the server gives none, and `ended` if it sends to the sign-in instead.
  const got = async (address) => {
    try {
      const answer = await fetch(address, { credentials: "same-origin", cache: "no-store" });
      if (answer.redirected) { return { text: null, ended: true }; }
      return { text: answer.ok ? await answer.text() : null, ended: false };
    } catch {
      return { text: null, ended: false };
    }
  };

  // The rows of an address; without an answer the link leads to what works without scripts, or to the sign-in.
  const fetched = async (address, link) => {
    const { text } = await got(address);
    if (text === null) {
      window.location.assign(link.href);
      return [];
    }
    const table = document.createElement("tbody");
    table.innerHTML = text;
    return table.children;
  };

  const asked = new WeakMap();

  const toggle = async (row, link) => {
    const wish = {};
    asked.set(row, wish);
    if (!row.classList.toggle("open")) {
      below(row).forEach((each) => each.remove());
      return;
    }
    const rows = await fetched(row.dataset.children, link);
    if (asked.get(row) === wish) { row.after(...rows); }
  };

  const EVERY = 10000;

  // What is new takes its place, but for what somebody is marking. The focus stays on the same link.
  const replace = (part, old = document.getElementById(part.id)) => {
    const marked = window.getSelection();
    if (!old || old.innerHTML === part.innerHTML || (!marked.isCollapsed && marked.containsNode(old, true))) { return; }
    const focused = old.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
    old.replaceWith(part);
    if (focused === null) { return; }
    const again = [...part.querySelectorAll("a")].find((each) => each.getAttribute("href") === focused);
    if (!again) { part.tabIndex = -1; }
    (again || part).focus({ preventScroll: true });
  };

  // Looks again while the page is seen, until nobody is signed in any more.
  const live = (note) => {
    let timer = 0;
    const say = (words) => { if (note.textContent !== words) { note.textContent = words; } };
    const later = () => {
      clearTimeout(timer);
      if (!document.hidden) { timer = setTimeout(look, EVERY); }
    };
    const stop = (words) => {
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", seen);
      say(words);
    };
    const look = async () => {
      const { text, ended } = await got(note.dataset.live);
      if (ended) {
        stop(note.dataset.ended);
        return;
      }
      if (text !== null) {
        const page = new DOMParser().parseFromString(text, "text/html");
        page.querySelectorAll("[data-part]").forEach((part) => replace(part));
        // A page that has no parts of its own says what of it is looked at; one without the note has come to its end.
        const { parts } = note.dataset;
        if (parts) {
          const fresh = page.querySelectorAll(parts);
          document.querySelectorAll(parts).forEach((old, index) => { if (fresh[index]) { replace(fresh[index], old); } });
          if (!page.querySelector("[data-parts]")) {
            stop("");
            return;
          }
        }
      }
      say(text === null ? note.dataset.failed : note.dataset.going);
      later();
    };
    const seen = () => {
      clearTimeout(timer);
      if (!document.hidden) { look(); }
    };
    document.addEventListener("visibilitychange", seen);
    say(note.dataset.going);
    later();
  };

  const copy = async (text) => {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch { // no clipboard without https, or none that this page may write to
      const field = document.createElement("textarea");
      field.value = text;
      document.body.append(field);
      field.select();
      const copied = document.execCommand("copy");
      field.remove();
      return copied;
    }
  };

  document.addEventListener("click", async (event) => {
    const copied = event.target.closest("[data-copy]");
    if (copied) {
      copied.dataset.done = await copy(copied.dataset.copy) ? "copied" : "failed";
      return;
    }
    if (event.metaKey || event.ctrlKey || event.shiftKey) { return; }
    const twig = event.target.closest("tr[data-children] .node");
    if (twig) {
      event.preventDefault();
      await toggle(twig.closest("tr"), twig);
      return;
    }
    const more = event.target.closest("tr[data-more] a");
    if (more) {
      event.preventDefault();
      const row = more.closest("tr");
      row.replaceWith(...await fetched(row.dataset.more, more));
    }
  });

  document.addEventListener("change", (event) => {
    if (event.target.matches("form.bar select")) { event.target.form.requestSubmit(); }
  });

  document.addEventListener("DOMContentLoaded", () => {
    drawAll();
    document.querySelectorAll("[data-live]").forEach(live);
    new MutationObserver(drawAll).observe(document.documentElement, { attributes: true, attributeFilter: ["class"] });
  });
})();
