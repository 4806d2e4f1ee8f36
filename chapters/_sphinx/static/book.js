// What scrolls within itself can be reached by keyboard, as long as it does. (The theme sees to code, until it is unfolded.)
const reach = new ResizeObserver((boxes) => {
  for (const { target } of boxes) target.tabIndex = target.scrollWidth > target.clientWidth ? 0 : -1;
});
for (const box of document.querySelectorAll("pre, .katex-display, .pst-scrollable-table-container"))
  reach.observe(box);
