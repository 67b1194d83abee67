// Charts in the colours of the theme, the tree of accounts, and a click that copies an id.
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
      type: "line", data: values, stepped: true, borderColor: colour("--accent"), borderWidth: 1.75, pointRadius: 0,
      pointHitRadius: 12, fill: "origin", backgroundColor: colour("--accent-soft"),
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

  const fetched = async (address) => {
    const answer = await fetch(address, { credentials: "same-origin" });
    if (!answer.ok) { window.location.assign(address); }
    const table = document.createElement("tbody");
    table.innerHTML = await answer.text();
    return table.children;
  };

  const toggle = async (row) => {
    if (row.classList.toggle("open")) {
      row.after(...await fetched(row.dataset.children));
      return;
    }
    below(row).forEach((each) => each.remove());
  };

  document.addEventListener("click", async (event) => {
    const copied = event.target.closest("[data-copy]");
    if (copied) {
      await navigator.clipboard?.writeText(copied.dataset.copy);
      copied.dataset.done = "copied";
      return;
    }
    if (event.metaKey || event.ctrlKey || event.shiftKey) { return; }
    const twig = event.target.closest("tr[data-children] .node");
    if (twig) {
      event.preventDefault();
      await toggle(twig.closest("tr"));
      return;
    }
    const more = event.target.closest("tr[data-more] a");
    if (more) {
      event.preventDefault();
      const row = more.closest("tr");
      row.replaceWith(...await fetched(row.dataset.more));
    }
  });

  document.addEventListener("change", (event) => {
    if (event.target.matches("form.bar select")) { event.target.form.requestSubmit(); }
  });

  document.addEventListener("DOMContentLoaded", () => {
    drawAll();
    new MutationObserver(drawAll).observe(document.documentElement, { attributes: true, attributeFilter: ["class"] });
  });
})();
