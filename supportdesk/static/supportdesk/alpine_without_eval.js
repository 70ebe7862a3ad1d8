// The theme's expressions for Alpine's CSP build, which reads them itself instead of giving them to `eval`. It knows one
// expression at a time and nothing of the page, so what needs more is said anew here, in its words.
// Why: "No script but the desk's own files" in .github/decisions/accounts.md.
(() => {
  "use strict";

  const COMPONENTS = ["theme", "searchForm", "searchDropdown", "searchCommand"];

  // What an expression may ask of the page, as `$page`.
  const page = {
    tab: () => getCurrentTab(),
    path: () => location.pathname + location.search,
    hash: () => location.hash,
    go: (address) => location.assign(address),
    sortRecords: (event) => sortRecords(event),
    moveRecords: (event) => moveRecords(event),
    stored: (name) => localStorage.getItem(name),
    store: (name, value) => localStorage.setItem(name, value),
    storeSidebar: (isOpen) => localStorage.setItem("sidebarDesktopOpen", isOpen ? "1" : "0"),
    time: () => Date.now(),
    clear: (input) => (input.value = ""),
    remove: (element) => element.remove(),
    nameAsNeighbour: (element) => {
      const input = element.getElementsByTagName("input")[0];
      if (input.name.includes("__prefix__")) input.name = element.parentElement.getElementsByTagName("input")[0].name;
    },
    sidebarWidth: (element, event, least, most) => {
      const isMirrored = getComputedStyle(element).direction === "rtl";
      const right = document.getElementById("nav-sidebar").getBoundingClientRect().right;
      return Math.min(most, Math.max(least, isMirrored ? right - event.clientX : event.clientX));
    },
  };

  // Whole expressions, with single blanks, as the theme writes them and as they are read here.
  const EXPRESSIONS = {
    "$el.parentElement.remove()": "$page.remove($el.parentElement)",
    "items.push({ key: new Date().getTime()})": "items.push({ key: $page.time() })",
    "if ($el.getElementsByTagName('input')[0].name.includes('__prefix__')) { $el.getElementsByTagName('input')[0].name = $el.parentElement.getElementsByTagName('input')[0].name }":
      "$page.nameAsNeighbour($el)",
    "activeTab && activeTab !== 'general' ? window.location.pathname + window.location.search + '#' + activeTab : window.location.pathname + window.location.search":
      "activeTab && activeTab !== 'general' ? $page.path() + '#' + activeTab : $page.path()",
    "window.location.href = $el.href + window.location.hash": "$page.go($el.href + $page.hash())",
    "openSearchResults = true; currentIndex = 0": "[openSearchResults = true, currentIndex = 0]",
    "openSearchResults = false; if ($refs.searchInput.value === '') { $refs.searchInput.blur() } else { $refs.searchInput.value = '' }":
      "[openSearchResults = false, $refs.searchInput.value === '' ? $refs.searchInput.blur() : $page.clear($refs.searchInput)]",
    "sidebarDesktopOpen = !sidebarDesktopOpen; localStorage.setItem('sidebarDesktopOpen', sidebarDesktopOpen ? '1' : '0');":
      "[sidebarDesktopOpen = !sidebarDesktopOpen, $page.storeSidebar(sidebarDesktopOpen)]",
    "if (!$event.target.closest('a')) { openUserLinks = !openUserLinks }":
      "$event.target.closest('a') || (openUserLinks = !openUserLinks)",
    "if (resizing) { sidebarWidth = Math.min(max, Math.max(min, getComputedStyle($el).direction === 'rtl' ? document.getElementById('nav-sidebar').getBoundingClientRect().right - $event.clientX : $event.clientX)); localStorage.setItem('sidebarWidth', sidebarWidth); }":
      "resizing && [sidebarWidth = $page.sidebarWidth($el, $event, min, max), $page.store('sidebarWidth', sidebarWidth)]",
    // A style is set property by property: as one text it would be an inline style.
    "`width: ${sidebarWidth}px`": "{ width: sidebarWidth + 'px' }",
    "'width: ' + changeListWidth + 'px'": "{ width: changeListWidth + 'px' }",
  };

  // Parts of expressions that differ from page to page.
  const PARTS = [
    [/^if \(!\$event\.metaKey && !\$event\.ctrlKey\) (selectItem\(.*\))$/, "$event.metaKey || $event.ctrlKey || $1"],
    [/^(activeTab = [^;]*); \$watch\('sidebarDesktopOpen', .*\);$/, "[$1, $watch('sidebarDesktopOpen', $page.storeSidebar)]"],
    [/\blocalStorage\.getItem\(/g, "$page.stored("],
    [/(?<!\$page\.)\bgetCurrentTab\(\)/g, "$page.tab()"],
    [/(?<![.\w])(sortRecords|moveRecords)\b/g, "$page.$1"],
  ];

  const readable = (expression) => {
    const text = expression.trim().replace(/\s+/g, " ");
    return EXPRESSIONS[text] ?? PARTS.reduce((words, [part, said]) => words.replace(part, said), text);
  };

  const rewrite = (element) => {
    for (const { name, value } of [...element.attributes]) {
      if (!name.startsWith("x-") || !value) continue;
      const said = readable(value);
      if (said !== value) element.setAttribute(name, said);
    }
  };

  document.addEventListener("alpine:init", () => {
    Alpine.magic("page", () => page);
    Alpine.interceptInit(rewrite);
    for (const name of COMPONENTS) if (window[name]) Alpine.data(name, window[name]);
  });

  // htmx would give the conditions of `hx-trigger` to `eval`, and write a style of its own into the page.
  htmx.config.allowEval = false;
  htmx.config.includeIndicatorStyles = false;
})();
