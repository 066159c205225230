// A question that is still being asked: the page loads again until every member has a state.
// A reload keeps the place on the page. Nobody types here, so nothing is lost by it.
const AGAIN_MILLISECONDS = 2000;

if (document.querySelector("[data-running]")) {
  setTimeout(() => {
    location.reload();
  }, AGAIN_MILLISECONDS);
}
