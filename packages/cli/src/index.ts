export { type Running, serve } from './compose/serve.ts';
export { type LoadedConfig, loadConfig, parseConfig } from './config/load-config.ts';
export { type Demo, type DemoOptions, openDemo } from './demo/open-demo.ts';
export { createProgram, main } from './main.ts';
