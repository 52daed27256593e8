// The values of one scalar over the steps of a run. Shared by components that read its stream.

class Series {
  x = [];
  y = [];
  edition = 0; // counts changes other than appended points

  add(step, value) {
    let at = this.x.length;
    while (at && this.x[at - 1] >= step) at--;
    if (at < this.x.length) this.edition++;
    const repeated = this.x[at] === step ? 1 : 0;
    this.x.splice(at, repeated, step);
    this.y.splice(at, repeated, value);
  }

  cut(step) {
    const kept = this.x.findIndex((x) => x > step);
    if (kept < 0) return;
    this.x.length = this.y.length = kept;
    this.edition++;
  }
}
