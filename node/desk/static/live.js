// News: one stream a browser, shown as a bar. Nothing on the page moves by itself.
//
// Rules this module upholds:
//
// - HTTP/1.1 gives six connections to an origin. So one tab holds the stream (Web Locks), and tells the others
//   (BroadcastChannel).
// - The bar lies over the end of the page and pushes nothing. It counts until a person opens what it names.

const bar = document.getElementById("news");
const channel = new BroadcastChannel("vigil-news");
const counts = { hits: 0, alerts: 0, answers: 0 };
let mark = "";

function show(news) {
  for (const name of Object.keys(counts)) {
    counts[name] += news[name];
    const link = bar.querySelector(`[data-news="${name}"]`);
    link.hidden = counts[name] === 0;
    link.querySelector(".count").textContent = new Intl.NumberFormat(document.documentElement.lang).format(counts[name]);
  }
  bar.hidden = false;
}

channel.addEventListener("message", (event) => {
  mark = event.data.mark;
  show(event.data.news);
});

function listen() {
  return new Promise((resolve) => {
    const stream = new EventSource(mark ? `${bar.dataset.live}?since=${mark}` : bar.dataset.live);
    stream.addEventListener("news", (event) => {
      const news = JSON.parse(event.data);
      mark = event.lastEventId;
      show(news);
      channel.postMessage({ mark, news });
    });
    // Closed for good: the session has ended. A page that is opened after the next sign-in listens again.
    stream.addEventListener("error", () => stream.readyState === EventSource.CLOSED && resolve());
    addEventListener("pagehide", () => {
      stream.close();
      resolve();
    });
  });
}

if (bar.dataset.live) navigator.locks.request("vigil-live", listen);
