// The desk's pages: countdowns by the server's clock, the marked row of the board, drafts that survive.
(() => {
  "use strict";

  // --- Countdowns ---------------------------------------------------------------------------------------
  const ICONS = { calm: "schedule", warm: "schedule", hot: "alarm", late: "error" };
  let offset = 0; // server time minus this computer's, in milliseconds

  const readClock = (root) => {
    const source = root.querySelector?.("[data-now]") ?? root.closest?.("[data-now]");
    if (source) offset = Number(source.dataset.now) - Date.now();
  };

  // The same shape as in the template tag `countdown`.
  const lasting = (ms, words) => {
    const total = Math.floor(Math.abs(ms) / 1000);
    const pad = (number) => String(number).padStart(2, "0");
    const [days, hours, minutes] = [Math.floor(total / 86400), Math.floor(total / 3600), Math.floor(total / 60) % 60];
    const late = ms < 0 ? `${words.overdue ?? "overdue"} ` : "";
    if (days < 2) return `${late}${hours}:${pad(minutes)}:${pad(total % 60)}`;
    const rest = hours % 24 ? ` ${hours % 24} ${words.hour ?? "h"}` : "";
    return `${late}${days} ${words.day ?? "d"}${rest}`;
  };

  const heatOf = (left, share) => (left <= 0 ? "late" : share <= 0.2 ? "hot" : share <= 0.5 ? "warm" : "calm");

  const tick = () => {
    const now = Date.now() + offset;
    const words = document.querySelector("[data-day]")?.dataset ?? {};
    for (const clock of document.querySelectorAll(".cd[data-due]")) {
      const left = clock.dataset.due - now;
      const share = Math.min(1, Math.max(0, left / (clock.dataset.due - clock.dataset.from || 1)));
      const heat = heatOf(left, share);
      if (clock.dataset.heat !== heat) {
        clock.dataset.heat = heat;
        clock.querySelector(".ms").textContent = ICONS[heat];
      }
      clock.querySelector("b").textContent = lasting(left, words);
      const bar = clock.querySelector(".cd-bar i");
      if (bar) bar.style.width = `${Math.round(100 * (1 - share))}%`;
    }
  };

  // --- The board's rows ---------------------------------------------------------------------------------
  let chosen = null; // the ticket of the marked row; it survives a refresh

  const rows = () => [...document.querySelectorAll("tr[data-row]")];
  const mark = (row, { focus = false } = {}) => {
    rows().forEach((other) => other.classList.toggle("on", other === row));
    chosen = row?.dataset.row ?? null;
    if (row && focus) {
      row.querySelector(".c-ticket > a").focus({ preventScroll: true });
      row.scrollIntoView({ block: "nearest" });
    }
  };
  const onEscape = (event) => {
    if (event.key === "Escape" && event.target.id === "id_q") event.target.blur();
  };

  const onClick = (event) => {
    const row = event.target.closest?.("tr[data-row]");
    if (!row || event.target.closest("a, button") || getSelection().toString()) return;
    row.querySelector(".c-ticket > a").click();
  };

  // --- Ticket page: tabs, drafts, files, remote images ------------------------------------------------------
  const ticket = () => document.querySelector("[data-ticket]")?.dataset.ticket;
  const draftKey = (name) => `desk:draft:${ticket()}:${name}`;
  const words = (form) => form.querySelector("textarea[name=body]");

  const openTab = (name) => {
    const tab = document.getElementById(`tab-${name}`);
    tab.checked = true;
    const text = words(document.querySelector(`form[data-draft="${name}"]`));
    text.focus();
    text.scrollIntoView({ block: "center" });
  };

  const keepDraft = (form) => {
    const text = words(form).value;
    if (text.trim()) localStorage.setItem(draftKey(form.dataset.draft), text);
    else localStorage.removeItem(draftKey(form.dataset.draft));
    form.querySelector(".draft").hidden = !text.trim();
  };

  const restoreDrafts = () => {
    const sent = new URLSearchParams(location.search).get("sent");
    if (sent) {
      localStorage.removeItem(draftKey(sent));
      history.replaceState(null, "", location.pathname + location.hash);
    }
    for (const form of document.querySelectorAll("form[data-draft]")) {
      const kept = localStorage.getItem(draftKey(form.dataset.draft));
      if (kept && !words(form).value) {
        words(form).value = kept;
        form.querySelector(".draft").hidden = false;
        document.getElementById(`tab-${form.dataset.draft}`).checked = true;
      }
      form.addEventListener("input", () => keepDraft(form));
    }
  };

  const onSendKey = (event) => {
    const form = event.target.closest?.("form[data-draft]");
    if (form && event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      // A key held down must not send what the desk has just held back.
      if (!event.repeat) form.requestSubmit(form.querySelector(":scope > .bar .btn-main"));
    }
  };

  // Unfold would write the file's name into the first text field around, which here is Cc.
  const keepNamesOutOfCc = () => {
    for (const input of document.querySelectorAll(".pickfile input")) input.hasChangeListener = true;
  };

  const onPick = (event) => {
    if (event.target.type !== "file") return;
    const label = event.target.parentElement.querySelector("[data-files]");
    label.dataset.empty ??= label.textContent;
    label.textContent = [...event.target.files].map((file) => file.name).join(", ") || label.dataset.empty;
  };

  const onReplyLink = (event) => {
    const link = event.target.closest?.("[data-tab]");
    if (!link) return;
    event.preventDefault();
    openTab(link.dataset.tab);
  };

  const onImages = (event) => {
    const button = event.target.closest?.("[data-images]");
    if (!button) return;
    button.closest(".framed").querySelector("iframe").src = button.dataset.images;
    button.hidden = true;
  };

  // --- Refreshing keeps the marked row, and with it the focus -----------------------------------------------
  let hadFocus = false;
  const beforeSwap = (event) => {
    if (new URL(event.detail.xhr.responseURL || location.href).pathname.endsWith("/login/")) {
      event.detail.shouldSwap = false; // signed out: the whole page goes to the login, drafts stay
      location.reload();
      return;
    }
    offline(false);
    hadFocus = event.detail.target?.contains?.(document.activeElement) ?? false;
  };
  const afterSwap = () => {
    readClock(document);
    const row = chosen && document.querySelector(`tr[data-row="${chosen}"]`);
    if (row) mark(row, { focus: hadFocus });
    followFilter();
    keepList();
    tick();
  };

  // Download and "Clear" belong to the filter that the address names.
  const followFilter = () => {
    if (!document.getElementById("board")) return;
    document.getElementById("board-export").search = location.search;
    document.getElementById("board-clear").hidden = !location.search;
  };
  // Nobody looks at a hidden tab, so it asks for no news.
  const askWhileSeen = (event) => {
    if (document.hidden && event.detail.elt.hasAttribute("data-while-seen")) event.preventDefault();
  };
  const leaveOutEmpty = (event) => {
    if (event.detail.elt.id !== "board-filter") return;
    for (const [name, value] of [...event.detail.formData.entries()]) if (!value) event.detail.formData.delete(name);
  };

  // --- The next ticket of the list that one came from -------------------------------------------------------
  const TICKETS = "tr[data-row] .c-ticket > a, #result_list tbody th a[href*='/tickets/ticket/']";
  const LIST = "desk:list";

  const keepList = () => {
    const links = [...document.querySelectorAll(TICKETS)].map((link) => link.pathname);
    if (links.length) sessionStorage.setItem(LIST, JSON.stringify(links));
  };
  const offerNext = () => {
    const link = document.querySelector("[data-next]");
    const list = JSON.parse(sessionStorage.getItem(LIST) ?? "[]");
    const next = list[list.indexOf(location.pathname) + 1];
    if (!link || !next) return;
    link.href = next;
    link.hidden = false;
  };

  // --- When the desk does not answer ------------------------------------------------------------------------
  const offline = (isOffline) => {
    const banner = document.querySelector(".offline");
    if (banner) banner.hidden = !isOffline;
  };
  const onFailure = (event) => {
    offline(true);
    const notice = event.detail.elt.querySelector?.(".notice");
    if (notice) notice.replaceChildren(document.getElementById("unsent").content.cloneNode(true));
  };

  window.addEventListener("pageshow", (event) => {
    if (event.persisted && ticket()) location.reload(); // its form has been used
  });

  // A line that is added to a folded list is there to be filled in.
  function unfold(event) {
    setTimeout(() => event.target.querySelector("h3.cursor-pointer")?.click());
  }

  // The theme names its scrolling areas in English for whoever cannot see them.
  window.addEventListener("load", () => {
    const label = document.querySelector("[data-scrollable]")?.dataset.scrollable;
    for (const area of label ? document.querySelectorAll(".simplebar-content-wrapper") : []) area.ariaLabel = label;
  });

  document.addEventListener("DOMContentLoaded", () => {
    readClock(document);
    tick();
    setInterval(tick, 1000);
    document.addEventListener("keydown", onEscape);
    document.addEventListener("click", onClick);
    document.addEventListener("keydown", onSendKey);
    keepNamesOutOfCc();
    document.addEventListener("change", onPick);
    document.addEventListener("click", onImages);
    document.addEventListener("click", (event) => event.target.closest("[data-print]") && window.print());
    document.addEventListener("click", onReplyLink);
    document.addEventListener("desk:tab", (event) => openTab(event.detail));
    restoreDrafts();
    keepList();
    offerNext();
    document.addEventListener("formset:added", unfold);
    document.addEventListener("focusin", (event) => {
      const row = event.target.closest?.("tr[data-row]");
      if (row) mark(row);
    });
    document.body.addEventListener("htmx:beforeSwap", beforeSwap);
    document.body.addEventListener("htmx:configRequest", leaveOutEmpty);
    document.body.addEventListener("htmx:beforeRequest", askWhileSeen);
    document.body.addEventListener("htmx:pushedIntoHistory", followFilter);
    document.body.addEventListener("htmx:afterSettle", afterSwap);
    document.body.addEventListener("htmx:sendError", onFailure);
    document.body.addEventListener("htmx:responseError", onFailure);
  });
})();
