// A browser starts no worker on a page that is opened from disk. There, what the search would run in
// a worker runs in a hidden frame. (Zensical asks for such a script under this name, and would have
// pages fetch one from the network otherwise.)
if (location.protocol === "file:") {
  window.Worker = class extends EventTarget {
    constructor(url) {
      super();
      const frame = document.createElement("iframe");
      frame.hidden = true;
      frame.answer = (data) => {
        const event = new MessageEvent("message", { data });
        this.dispatchEvent(event);
        if (this.onmessage) this.onmessage(event);
      };
      frame.srcdoc =
        "<body><script>postMessage = (data) => frameElement.answer(data);</script>" +
        `<script src="${url}"></script></body>`;
      this.ready = new Promise((resolve) => frame.addEventListener("load", resolve));
      this.frame = frame;
      document.body.append(frame);
    }

    postMessage(data) {
      this.ready.then(() => {
        const inside = this.frame.contentWindow;
        inside.dispatchEvent(new inside.MessageEvent("message", { data }));
      });
    }

    terminate() {
      this.frame.remove();
    }
  };
}
