export type { Analysis, AnalyzedStatement, AnalyzedText, Refusal, SessionEffect } from './analysis.ts';
