import { randomUUID } from 'node:crypto';
import gossip from '@eventstore/db-client/generated/gossip_pb.js';
import shared from '@eventstore/db-client/generated/shared_pb.js';
import type { ClusterInfo } from '@eventstore/db-client/generated/gossip_pb.js';

const TICKS_PER_MS = 10_000n;
/** .NET ticks count from year 1. */
const UNIX_EPOCH_TICKS = 621_355_968_000_000_000n;
const instanceId = randomUUID();

/** A cluster of one leader, at the address that clients can dial. */
export function clusterOfOne(host: string, port: number): ClusterInfo {
  const member = new gossip.MemberInfo()
    .setInstanceId(new shared.UUID().setString(instanceId))
    .setTimeStamp((UNIX_EPOCH_TICKS + BigInt(Date.now()) * TICKS_PER_MS).toString())
    .setState(gossip.MemberInfo.VNodeState.LEADER)
    .setIsAlive(true)
    .setHttpEndPoint(new gossip.EndPoint().setAddress(host).setPort(port));
  return new gossip.ClusterInfo().setMembersList([member]);
}
