/* What a page does beyond its HTML: evidence drawer, charts from data blocks, live refresh, file drop, the menu of
 * small screens, search by Ctrl+K, verification in this tab. No inline script, no eval, no injected style: the page's
 * Content-Security-Policy is strict. Everything here is an addition; the page works as plain HTML without it. */
(() => {
  "use strict";

  const own = document.currentScript;
  const zh = document.documentElement.lang.startsWith("zh");
  const one = (selector, root = document) => root.querySelector(selector);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const say = (en, chinese) => (zh ? chinese : en);

  /* Evidence drawer: a <dialog>, so focus stays inside, Escape closes it and focus returns to what opened it. */
  const drawer = one("#drawer");
  const drawerBody = one("#drawer-body");

  function openDrawer() {
    if (drawer && !drawer.open) drawer.showModal();
  }

  function drawerNotice(text) {
    const title = document.createElement("h2");
    title.id = "drawer-title";
    title.textContent = drawerBody.dataset.title;
    const words = document.createElement("p");
    words.setAttribute("role", "alert");
    words.textContent = text;
    drawerBody.replaceChildren(title, words);
    openDrawer();
  }

  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.target !== drawerBody) return;
    openDrawer();
    drawer.scrollTop = 0;
    one("#drawer-title", drawerBody)?.focus();
  });
  for (const failure of ["htmx:responseError", "htmx:sendError", "htmx:timeout"]) {
    document.addEventListener(failure, (event) => {
      if (event.detail.target === drawerBody) drawerNotice(drawerBody.dataset.failed);
    });
  }
  drawer?.addEventListener("click", (event) => {
    if (event.target === drawer) drawer.close();
  });
  // A link opened in a new tab or window stays a link.
  document.addEventListener(
    "click",
    (event) => {
      if (event.target.closest?.("[data-drawer]") && (event.ctrlKey || event.metaKey || event.shiftKey)) {
        event.stopImmediatePropagation();
      }
    },
    true,
  );

  /* Live refresh waits while nobody looks or somebody works inside the part that would be replaced. */
  document.addEventListener("htmx:beforeRequest", (event) => {
    const part = event.detail.elt;
    if (!part.hasAttribute("data-refresh")) return;
    if (document.hidden || drawer?.open || part.contains(document.activeElement)) event.preventDefault();
  });

  /* Charts. Palette of Okabe and Ito (2008), safe for colour-blind readers; series differ by symbol and dash too. */
  const PALETTE = ["#0072b2", "#d55e00", "#009e73", "#aa4499", "#5c5c5c", "#b07d00"];
  const SYMBOLS = ["circle", "rect", "triangle", "diamond", "roundRect", "pin"];
  const BARS = { barMaxWidth: 32, barGap: "30%", barCategoryGap: "20%" };
  const INK = "#23272b";
  const QUIET = "#555c63";
  const GRID = "#d8dbdd";

  let library = null;
  function charts() {
    library ??= new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = own.dataset.echarts;
      script.onload = () => resolve(window.echarts);
      script.onerror = reject;
      document.head.append(script);
    });
    return library;
  }

  // A line ends where the definition changes: two definitions are never one line.
  function pieces(values, breaks) {
    const cuts = [0, ...breaks, values.length];
    return cuts.slice(1).map((end, i) => values.map((value, at) => (at >= cuts[i] && at < end ? value : null)));
  }

  function drawnSeries(config) {
    const breaks = config.breaks.map((b) => b.at);
    const line = config.kind === "line" || config.kind === "step";
    return config.series.flatMap((series, index) => {
      const parts = line ? pieces(series.values, breaks) : [series.values];
      const drawn = parts.map((data, part) => ({
        name: series.name,
        type: line ? "line" : config.kind === "scatter" ? "scatter" : "bar",
        step: config.kind === "step" ? "end" : false,
        stack: config.kind === "stacked" ? "all" : undefined,
        data,
        connectNulls: false,
        symbol: SYMBOLS[index % SYMBOLS.length],
        symbolSize: 7,
        ...BARS,
        itemStyle: { color: PALETTE[index % PALETTE.length], opacity: 1 },
        lineStyle: { color: PALETTE[index % PALETTE.length], width: 2, type: series.dashed ? "dashed" : "solid" },
        markLine: part === 0 && index === 0 ? breakLines(config) : undefined,
      }));
      const spread = series.low.length && config.kind !== "stacked";
      return spread ? [...drawn, intervals(series, index, config)] : drawn;
    });
  }

  function breakLines(config) {
    return {
      silent: true,
      symbol: "none",
      animation: false,
      lineStyle: { color: "#855400", type: "dashed" },
      label: { formatter: say("new definition", "口径变更"), color: "#855400", position: "end", rotate: 0 },
      data: config.breaks.map((b) => ({ xAxis: config.labels[b.at] })),
    };
  }

  function intervals(series, index, config) {
    const color = PALETTE[index % PALETTE.length];
    return {
      name: series.name,
      type: "custom",
      silent: true,
      data: series.low.map((low, at) => [at, low, series.high[at]]).filter((row) => row[1] !== null && row[2] !== null),
      renderItem: (_parameters, api) => {
        // Bars of one category stand side by side: the interval stands on its own bar.
        const beside = config.kind === "bar" ? api.barLayout({ ...BARS, count: config.series.length })[index].offsetCenter : 0;
        const low = api.coord([api.value(0), api.value(1)]);
        const high = api.coord([api.value(0), api.value(2)]);
        low[0] += beside;
        high[0] += beside;
        const stroke = (x1, y1, x2, y2) => ({ type: "line", shape: { x1, y1, x2, y2 }, style: { stroke: config.kind === "bar" ? INK : color, lineWidth: 1.5 } });
        return {
          type: "group",
          children: [
            stroke(low[0], low[1], high[0], high[1]),
            stroke(low[0] - 4, low[1], low[0] + 4, low[1]),
            stroke(high[0] - 4, high[1], high[0] + 4, high[1]),
          ],
        };
      },
    };
  }

  function options(config) {
    const names = [...new Set(config.series.map((s) => s.name))];
    return {
      animation: false,
      color: PALETTE,
      textStyle: { color: INK, fontFamily: getComputedStyle(document.body).fontFamily, fontSize: 12 },
      grid: { left: 8, right: 24, top: names.length > 1 ? 60 : 36, bottom: 28, containLabel: true },
      legend: { show: names.length > 1, data: names, top: 0, left: 0, textStyle: { color: INK }, icon: undefined },
      tooltip: { trigger: "axis", renderMode: "richText", confine: true, valueFormatter: (value) => shown(value, config.unit) },
      xAxis: {
        type: "category",
        data: config.labels,
        name: config.xTitle,
        nameLocation: "middle",
        nameGap: 28,
        axisLine: { lineStyle: { color: QUIET } },
        axisLabel: { color: QUIET, hideOverlap: true },
      },
      yAxis: {
        type: "value",
        name: config.unit,
        nameTextStyle: { color: QUIET, align: "left" },
        scale: !config.fromZero,
        axisLabel: { color: QUIET },
        splitLine: { lineStyle: { color: GRID } },
      },
      series: drawnSeries(config),
    };
  }

  function shown(value, unit) {
    if (value === null || value === undefined) return say("not known", "暂缺");
    return `${Number(value).toLocaleString(zh ? "zh-CN" : "en-GB")} ${unit}`;
  }

  async function drawChart(field) {
    if (field.dataset.drawn) return;
    field.dataset.drawn = "yes";
    try {
      const config = JSON.parse(document.getElementById(field.dataset.chart).textContent);
      const echarts = await charts();
      const chart = echarts.init(field, null, { renderer: "svg" });
      chart.setOption(options(config));
      new ResizeObserver(() => chart.resize()).observe(field);
    } catch (problem) {
      // The table below the chart has the same numbers.
      field.hidden = true;
      const details = field.parentElement.querySelector("details");
      if (details) details.open = true;
      console.error(problem);
    }
  }

  /* Files dropped on a field become its content, as if chosen. */
  function sizeOf(bytes) {
    const units = ["B", "KiB", "MiB", "GiB", "TiB"];
    const power = Math.min(Math.floor(Math.log2(Math.max(bytes, 1)) / 10), units.length - 1);
    return `${(bytes / 1024 ** power).toLocaleString(zh ? "zh-CN" : "en-GB", { maximumFractionDigits: 1 })} ${units[power]}`;
  }

  function bootDrop(zone) {
    if (zone.dataset.ready) return;
    zone.dataset.ready = "yes";
    const input = one("input[type=file]", zone);
    const said = one("[data-drop-said]", zone);
    const tell = () => {
      if (input.files.length) said.textContent = [...input.files].map((f) => `${f.name}, ${sizeOf(f.size)}`).join("; ");
    };
    for (const type of ["dragenter", "dragover"]) {
      zone.addEventListener(type, (event) => {
        event.preventDefault();
        zone.classList.add("over");
      });
    }
    for (const type of ["dragleave", "drop"]) zone.addEventListener(type, () => zone.classList.remove("over"));
    zone.addEventListener("drop", (event) => {
      event.preventDefault();
      if (!event.dataTransfer.files.length) return;
      input.files = event.dataTransfer.files;
      input.dispatchEvent(new Event("change", { bubbles: true }));
    });
    input.addEventListener("change", tell);
  }

  /* Verification in this tab: verify.js does the work, this hands it the bundle. */
  function bootVerify(form) {
    if (form.dataset.ready) return;
    form.dataset.ready = "yes";
    const result = one("#verify-result");
    const complain = (text) => {
      const words = document.createElement("p");
      words.className = "error";
      words.textContent = text;
      result.replaceChildren(words);
    };
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const file = one("#verify-file", form).files[0];
      const text = one("#verify-text", form).value.trim() || (file ? await file.text() : "");
      if (!text) return complain(result.dataset.nothing);
      let bundle;
      try {
        bundle = JSON.parse(text);
      } catch {
        return complain(result.dataset.unreadable);
      }
      const report = await window.hutongVerify(bundle, {
        key: one("#verify-key", form).value.trim() || null,
        seen: one("#verify-seen", form).value || null,
      });
      window.hutongShowReport(report, result, zh ? "zh" : "en");
      return undefined;
    });
  }

  /* The menu folds on small screens. */
  function bootMenu() {
    const button = one(".menu-button");
    if (!button) return;
    button.hidden = false;
    document.getElementById(button.getAttribute("aria-controls")).dataset.folds = "yes";
    button.addEventListener("click", () => {
      button.setAttribute("aria-expanded", String(button.getAttribute("aria-expanded") !== "true"));
    });
  }

  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k" && one("#search")) {
      event.preventDefault();
      one("#search").focus();
      one("#search").select();
    }
  });
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[aria-disabled=true]");
    if (button) event.preventDefault();
    if (event.target.closest?.("[data-print]")) window.print();
  });

  function boot(root) {
    all("[data-chart]", root).forEach(drawChart);
    all("[data-drop]", root).forEach(bootDrop);
    all("form[data-verify]", root).forEach(bootVerify);
    for (const button of all("[data-print]", root)) button.hidden = false;
  }

  bootMenu();
  boot(document);
  document.addEventListener("htmx:load", (event) => boot(event.detail.elt));
  // A form that came back with errors starts at the list of them.
  one(".problem[tabindex]")?.focus();
})();
