// The keyboard: one key, or `g` and another, while nobody types in a field. `?` lists them all.
// Not loaded for people who have turned the shortcuts off in My settings.
(() => {
  "use strict";
  const TOGETHER = 1500; // milliseconds between `g` and the next key
  const TABS = { r: "reply", n: "note", c: "contact" };
  const FIELDS = "input:not([type=checkbox], [type=radio], [type=button], [type=submit]), textarea, select, [contenteditable]";
  const LIST = "/tickets/ticket/";

  // --- Rows of the board and of lists: the row with the focus is the chosen one -----------------------------
  const rows = () => [...document.querySelectorAll("tr[data-row], #result_list tbody tr")];
  const linkOf = (row) => row?.querySelector(".c-ticket > a, th a[href], td a[href]");
  const chosen = () => document.activeElement?.closest("tr[data-row], #result_list tbody tr") ?? document.querySelector("tr[data-row].on");

  const move = (step) => {
    const all = rows().filter(linkOf);
    const row = all[Math.min(all.length - 1, Math.max(0, all.indexOf(chosen()) + step))];
    if (!row) return false;
    linkOf(row).focus({ preventScroll: true });
    row.scrollIntoView({ block: "nearest" });
  };

  // --- What a key does; false if there is nothing to do on this page ----------------------------------------
  const press = (element) => (element ? element.click() : false);
  const submit = (name) => {
    const button = [...document.querySelectorAll(`form[action$="/act/${name}/"] button`)].find((each) => each.offsetParent);
    return press(button);
  };
  const search = () => {
    const field = document.querySelector("#id_q, #searchbar");
    if (field) field.select();
    else location.assign("/#id_q");
  };
  const openTab = (name) => {
    if (!document.getElementById("composer")) return false;
    document.dispatchEvent(new CustomEvent("desk:tab", { detail: name }));
  };
  const isBoardOrList = () => document.querySelector("#board, #result_list, #changelist");

  const KEYS = {
    "?": () => showShortcuts(),
    "/": search,
    j: () => move(1),
    k: () => move(-1),
    o: () => press(linkOf(chosen())),
    r: () => openTab("reply"),
    n: () => openTab("note"),
    c: () => (isBoardOrList() ? location.assign(`${LIST}add/`) : openTab("contact")),
    a: () => (isBoardOrList() ? press(chosen()?.querySelector(".ack button")) : submit("acknowledge")),
    t: () => submit("take_over"),
    "]": () => press(document.querySelector("[data-next]")),
  };
  const AFTER_G = { b: () => location.assign("/"), t: () => location.assign(LIST) };

  let wentAt = -Infinity; // when `g` was pressed
  const onKey = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.defaultPrevented) return;
    if (event.target.closest?.(FIELDS) || document.querySelector("dialog[open]")) return;
    if (event.key === "g") {
      wentAt = event.timeStamp;
      return;
    }
    const act = (event.timeStamp - wentAt < TOGETHER ? AFTER_G : KEYS)[event.key];
    if (event.key !== "Shift") wentAt = -Infinity;
    if (!act || (event.repeat && !"jk".includes(event.key))) return;
    if (act() === false) return;
    event.preventDefault();
    event.stopPropagation(); // newer versions of the theme have keys of their own
  };

  // --- The list of them -------------------------------------------------------------------------------------
  let dialog = null;
  const showShortcuts = async () => {
    if (!dialog) {
      const answer = await fetch("/shortcuts/", { headers: { "HX-Request": "true" } });
      if (!answer.ok || answer.redirected) return location.assign("/shortcuts/");
      dialog = document.createElement("dialog");
      dialog.className = "desk keys-dialog";
      dialog.setAttribute("aria-labelledby", "shortcuts-title");
      dialog.innerHTML = await answer.text();
      dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
      document.body.append(dialog);
    }
    if (!dialog.open) dialog.showModal(); // keeps the focus inside, and gives it back when it is closed
  };

  document.addEventListener("keydown", onKey);
  document.addEventListener("click", (event) => {
    if (!event.target.closest?.("[data-shortcuts]")) return;
    event.preventDefault();
    showShortcuts();
  });
  document.addEventListener("DOMContentLoaded", () => {
    if (location.hash === "#id_q") document.getElementById("id_q")?.select();
  });
})();
