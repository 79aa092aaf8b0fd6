// What only the browser can do: its time zone, the theme of grids, moving between URLs, refreshing on new data.
(function () {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (zone) document.cookie = `mistwan-zone=${zone}; path=/; max-age=31536000; samesite=lax`;

  const root = document.documentElement;
  const follow = () => {
    const scheme = root.getAttribute("data-mantine-color-scheme");
    if (document.body) document.body.dataset.agThemeMode = scheme === "dark" ? "dark" : "light";
  };
  new MutationObserver(follow).observe(root, { attributes: true, attributeFilter: ["data-mantine-color-scheme"] });
  document.addEventListener("DOMContentLoaded", follow);

  document.addEventListener("keydown", (event) => {
    const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName) || event.target.isContentEditable;
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      document.getElementById("search")?.focus();
    }
  });

  const nothing = () => window.dash_clientside.no_update;
  const query = (request) =>
    new URLSearchParams({
      filter: JSON.stringify(request.filterModel || {}),
      sort: JSON.stringify(request.sortModel || []),
    }).toString();

  window.dash_clientside = Object.assign({}, window.dash_clientside, {
    mistwan: {
      go: (path) => path || nothing(),
      openPlace: (click) => {
        const site = click?.points?.[0]?.customdata?.[0];
        return site ? `/site/${encodeURIComponent(site)}` : nothing();
      },
      ownRange: (days) => {
        if (!days || !days[0] || !days[1]) return nothing();
        const search = new URLSearchParams(window.location.search);
        if (search.get("from") === days[0] && search.get("to") === days[1]) return nothing();
        search.set("range", "own");
        search.set("from", days[0]);
        search.set("to", days[1]);
        return `${window.location.pathname}?${search}`;
      },
      // The page is a function of its URL and the published version: ask for it again only when the latter changed.
      refresh: (published, shown) => {
        if (published !== shown) {
          window.dash_clientside.set_props("_pages_location", { search: window.location.search });
        }
        return nothing();
      },
      exportLinks: (request) => {
        if (!request) return nothing();
        const { id } = window.dash_clientside.callback_context.outputs_list;
        if (window.location.pathname === `/table/${id.name}`) {
          window.history.replaceState(window.history.state, "", `${window.location.pathname}?${query(request)}`);
        }
        return `/export/${id.name}.${id.output}?${query(request)}`;
      },
    },
  });
})();
