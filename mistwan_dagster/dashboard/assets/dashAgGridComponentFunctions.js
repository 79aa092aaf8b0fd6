// Cells of the grids: links to the pages of sites, circuits and regions; states as icon and word.
(function () {
  const cells = (window.dashAgGridComponentFunctions = window.dashAgGridComponentFunctions || {});
  const element = window.React.createElement;
  const ICONS = {
    normal: "●", up: "●", on: "●", warning: "▲", unstable: "▲", high: "◆", critical: "✖", down: "✖", off: "✖",
    disabled: "■", unknown: "?",
  };
  const TONES = { "●": "good", "▲": "warning", "◆": "high", "✖": "critical", "■": "off", "?": "unknown" };

  cells.PageLink = function (params) {
    if (params.value === null || params.value === undefined) return params.data ? "–" : "";
    const field = params.colDef.field;
    const page = field === "region" ? "region" : field.endsWith("circuit_id") ? "circuit" : "site";
    const key = field === "site_name" ? params.data.site_id : params.value;
    if (!key) return params.value;
    return element("a", { href: `/${page}/${encodeURIComponent(key)}` }, params.value);
  };

  cells.StateBadge = function (params) {
    if (!params.data) return "";
    const word = params.value === null || params.value === undefined ? "unknown" : String(params.value);
    const icon = ICONS[word.toLowerCase()];
    if (!icon) return word;
    return element("span", { className: `badge ${TONES[icon]}` }, `${icon} ${word}`);
  };
})();
