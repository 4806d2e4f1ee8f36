// What scrolls within itself can be reached by keyboard: while it is far, and then as long as it does.
const reach = new ResizeObserver((boxes) => {
  for (const { target } of boxes) target.tabIndex = target.scrollWidth > target.clientWidth ? 0 : -1;
});
for (const box of document.querySelectorAll("pre, .katex-display, .pst-scrollable-table-container")) {
  box.tabIndex = 0;
  reach.observe(box);
}
