// What is made of the figures of several rounds.

/** The value below which `percent` of the samples lie; of an even number the lower one. */
export function percentile(samples, percent) {
  const sorted = Float64Array.from(samples).toSorted();
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)];
}

export const median = (samples) => percentile(samples, 50);

/** How far the middle half of the rounds lies apart, as a share of their median. */
export function spread(rounds) {
  return (percentile(rounds, 75) - percentile(rounds, 25)) / median(rounds);
}
