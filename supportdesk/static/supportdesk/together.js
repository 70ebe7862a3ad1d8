// Two people on one ticket: the visible page asks every few seconds who else is here and what was said meanwhile.
(() => {
  "use strict";
  const EVERY = 2500; // milliseconds after an answer
  const TYPED_LATELY = 5000;
  const PATIENCE = 10_000;

  const follow = (page) => {
    const { news: address, newest } = page.dataset;
    const shown = { here: "", news: "" };
    let typedAt = -Infinity;
    let timer = 0;
    let isAsking = false;

    const isWriting = () =>
      performance.now() - typedAt < TYPED_LATELY &&
      [...document.querySelectorAll("#composer textarea[name=body]")].some((text) => text.value.trim());

    const ask = (more, options) => {
      const query = new URLSearchParams({ seen: newest, ...more });
      // Like what htmx asks: a page that refreshes itself is no sign that somebody is there.
      return fetch(`${address}?${query}`, { headers: { "HX-Request": "true" }, ...options });
    };

    const fill = (name, html) => {
      if (shown[name] === html) return; // or it would be read out again
      shown[name] = html;
      for (const place of document.querySelectorAll(`[data-${name}-place]`)) place.innerHTML = html;
    };

    const offline = (isOffline) => {
      const banner = document.querySelector(".offline");
      if (banner) banner.hidden = !isOffline;
    };

    const take = async (response) => {
      if (response.redirected) return location.reload(); // signed out: to the sign-in page, drafts stay
      offline(!response.ok);
      if (!response.ok) return;
      const said = response.status === 204 ? {} : await response.json();
      fill("here", said.here ?? "");
      fill("news", said.news ?? "");
    };

    const poll = async () => {
      clearTimeout(timer);
      if (isAsking || document.visibilityState !== "visible") return;
      isAsking = true;
      try {
        await take(await ask(isWriting() ? { writing: "1" } : {}, { signal: AbortSignal.timeout(PATIENCE) }));
      } catch {
        offline(true);
      }
      isAsking = false;
      timer = setTimeout(poll, EVERY);
    };

    document.getElementById("composer")?.addEventListener("input", () => {
      const wasWriting = isWriting();
      typedAt = performance.now();
      if (!wasWriting && isWriting()) poll();
    });
    document.addEventListener("visibilitychange", poll);
    window.addEventListener("pagehide", () => ask({ leaving: "1" }, { keepalive: true }).catch(() => {}));
    poll();
  };

  document.addEventListener("DOMContentLoaded", () => {
    const page = document.querySelector("[data-news]");
    if (page) follow(page);
  });
})();
