import type { AccessRequest, Decision } from '@gatehouse/model';

/** The engine in force; packages/core provides it and swaps it on reload. */
export interface PolicyPort {
  decide(request: AccessRequest): Decision;
}
