/** Milliseconds since 1970; injected everywhere so that expiry and throttling can be tested. */
export type Clock = () => number;
