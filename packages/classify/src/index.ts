export type { ValueDetector } from './detector.ts';
export { VALUE_DETECTORS } from './value-detectors.ts';
