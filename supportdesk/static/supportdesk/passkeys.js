// Says in the page's own words when a passkey did not work; a browser's refusal is no fault of a page.
(() => {
  document.addEventListener("allauth.error", (event) => {
    event.preventDefault();
    const notice = document.querySelector("[data-key-failed]");
    if (notice) notice.hidden = false;
  });
})();
