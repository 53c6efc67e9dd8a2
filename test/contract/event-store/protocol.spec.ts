import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { EventStoreDBClient } from '@eventstore/db-client';
import persistentGrpc from '@eventstore/db-client/generated/persistent_grpc_pb.js';
import persistent from '@eventstore/db-client/generated/persistent_pb.js';
import featuresGrpc from '@eventstore/db-client/generated/serverfeatures_grpc_pb.js';
import shared from '@eventstore/db-client/generated/shared_pb.js';
import streamsGrpc from '@eventstore/db-client/generated/streams_grpc_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import type { AppendResp, ReadResp } from '@eventstore/db-client/generated/streams_pb.js';
import { credentials, status } from '@grpc/grpc-js';
import type { ServiceError } from '@grpc/grpc-js';
import { startNode } from '../../../libs/embedded-eventstore/node.js';
import type { EmbeddedNode } from '../../../libs/embedded-eventstore/node.js';
import { connect, event, freshName } from './harness.js';

/** What the official client never asks for in this form, asked over the same protocol without it. */
let node: EmbeddedNode;
let raw: InstanceType<typeof streamsGrpc.StreamsClient>;
beforeAll(async () => {
  node = await startNode({});
  raw = new streamsGrpc.StreamsClient(`127.0.0.1:${node.port}`, credentials.createInsecure());
});
afterAll(async () => {
  raw.close();
  await node.stop();
});

const named = (stream: string) => new shared.StreamIdentifier().setStreamName(Buffer.from(stream));

/** The error that an `Append` of these messages ends with, as the wire has it. */
function append(messages: readonly InstanceType<typeof streams.AppendReq>[]) {
  return new Promise<ServiceError | AppendResp>((resolve) => {
    const call = raw.append((error, answer) => resolve(error ?? answer));
    call.on('error', () => undefined);
    for (const message of messages) call.write(message);
    call.end();
  });
}

const options = (stream: string) =>
  new streams.AppendReq().setOptions(
    new streams.AppendReq.Options().setStreamIdentifier(named(stream)).setAny(new shared.Empty()),
  );

function proposed(properties: Record<string, string>, id = '11111111-1111-1111-1111-111111111111') {
  const message = new streams.AppendReq.ProposedMessage().setId(new shared.UUID().setString(id));
  for (const [key, value] of Object.entries(properties)) message.getMetadataMap().set(key, value);
  return new streams.AppendReq().setProposedMessage(message);
}

const good = { type: 'T', 'content-type': 'application/json' };

describe('a malformed append', () => {
  it('names the metadata that it lacks', async () => {
    for (const properties of [{ type: 'T' }, { 'content-type': 'application/json' }]) {
      const error = await append([options(freshName()), proposed(properties)]);
      expect(error).toMatchObject({ code: status.INVALID_ARGUMENT });
      const { metadata } = error as ServiceError;
      expect(metadata.get('exception')).toEqual(['missing-required-metadata-property']);
      expect(metadata.get('required-metadata-properties')).toEqual(['type,content-type']);
    }
  });

  it('is refused without options, without a stream, without an expectation, with an id or a name that is none', async () => {
    const without = new streams.AppendReq().setOptions(
      new streams.AppendReq.Options().setStreamIdentifier(named(freshName())),
    );
    for (const messages of [
      [],
      [proposed(good)],
      [options('')],
      [options('$$')],
      [options('x'.repeat(8193))],
      [without],
      [options(freshName()), proposed(good, 'nonsense')],
      [options(freshName()), proposed(good, '00000000-0000-0000-0000-000000000000')],
      [options(freshName()), proposed({ ...good, type: 'x'.repeat(8193) })],
    ]) {
      expect(await append(messages)).toMatchObject({ code: status.INVALID_ARGUMENT });
    }
  });

  it('is too large when data, metadata and twice the length of the type exceed 1 MiB', async () => {
    const limit = 1024 * 1024;
    const message = (data: number, metadata: number, type: number) => {
      const request = proposed({ ...good, type: 'x'.repeat(type) });
      request.getProposedMessage()?.setData(new Uint8Array(data)).setCustomMetadata(new Uint8Array(metadata));
      return request;
    };
    const fits = await append([options(freshName()), message(limit - 1024 - 200, 1024, 100)]);
    expect(fits).not.toBeInstanceOf(Error);
    for (const request of [message(limit - 1024 - 199, 1024, 100), message(limit - 1024 - 200, 1024, 101)]) {
      const error = await append([options(freshName()), request]);
      expect((error as ServiceError).metadata.get('exception')).toEqual(['maximum-append-size-exceeded']);
      expect((error as ServiceError).metadata.get('maximum-append-size')).toEqual([String(limit)]);
    }
  });
});

describe('a stop', () => {
  it('cancels an append whose messages are still coming', async () => {
    const own = await startNode({});
    const client = new streamsGrpc.StreamsClient(`127.0.0.1:${own.port}`, credentials.createInsecure());
    const ended = new Promise<ServiceError | null>((resolve) => {
      const call = client.append((error) => resolve(error));
      call.on('error', () => undefined);
      call.write(options(freshName()));
      call.write(proposed(good));
    });
    // The node has the call when it answers one that came after it.
    const other = connect(own);
    await new Promise((resolve) => client.waitForReady(Date.now() + 10_000, resolve));
    await other.appendToStream(freshName(), event(0));
    await new Promise<void>((resolve, reject) => {
      const read = client.read(readOptions(new streams.ReadReq.Options().setAll(allFromStart())));
      read
        .on('data', () => undefined)
        .on('end', resolve)
        .on('error', reject);
    });
    await own.stop();
    expect(await ended).toMatchObject({ code: status.CANCELLED });
    await other.dispose();
    client.close();
  });
});

const allFromStart = () => new streams.ReadReq.Options.AllOptions().setStart(new shared.Empty());
const readOptions = (read: InstanceType<typeof streams.ReadReq.Options>) =>
  new streams.ReadReq().setOptions(
    read
      .setCount('1')
      .setNoFilter(new shared.Empty())
      .setUuidOption(new streams.ReadReq.Options.UUIDOption().setString(new shared.Empty())),
  );

describe('what is not implemented', () => {
  it('is not listed as supported', async () => {
    const client = new featuresGrpc.ServerFeaturesClient(`127.0.0.1:${node.port}`, credentials.createInsecure());
    const listed = await new Promise<string[]>((resolve, reject) => {
      client.getSupportedMethods(new shared.Empty(), (error, answer) =>
        error
          ? reject(error)
          : resolve(answer.getMethodsList().map((m) => `${m.getServiceName()}/${m.getMethodName()}`)),
      );
    });
    client.close();
    const stream = ['read', 'append', 'batchappend', 'delete', 'tombstone'];
    expect(listed.sort()).toEqual(
      [
        ...stream.map((method) => `event_store.client.streams.streams/${method}`),
        'event_store.client.gossip.gossip/read',
        'event_store.client.server_features.serverfeatures/getsupportedmethods',
      ].sort(),
    );
  });

  it('answers UNIMPLEMENTED', async () => {
    const client = new persistentGrpc.PersistentSubscriptionsClient(
      `127.0.0.1:${node.port}`,
      credentials.createInsecure(),
    );
    const error = await new Promise((resolve) => client.delete(new persistent.DeleteReq(), resolve));
    expect(error).toMatchObject({ code: status.UNIMPLEMENTED });
    client.close();
    const official = EventStoreDBClient.connectionString(node.connectionString);
    await expect(official.listProjections()).rejects.toThrow('UNIMPLEMENTED');
    await official.dispose();
  });
});

describe('a read', () => {
  it('gives ids as two numbers where that is asked for', async () => {
    const stream = freshName();
    const id = '01234567-89ab-cdef-fedc-ba9876543210';
    const client = connect(node);
    await client.appendToStream(stream, event(0, id));
    await client.dispose();
    const from = new streams.ReadReq.Options.StreamOptions()
      .setStreamIdentifier(named(stream))
      .setStart(new shared.Empty());
    const request = readOptions(new streams.ReadReq.Options().setStream(from));
    request.getOptions()?.setUuidOption(new streams.ReadReq.Options.UUIDOption().setStructured(new shared.Empty()));
    const answer = await new Promise<ReadResp>((resolve, reject) => {
      raw.read(request).on('data', resolve).on('error', reject);
    });
    const structured = answer.getEvent()?.getEvent()?.getId()?.getStructured();
    expect(structured?.getMostSignificantBits()).toBe(BigInt('0x0123456789abcdef').toString());
    expect(structured?.getLeastSignificantBits()).toBe(BigInt.asIntN(64, 0xfedcba9876543210n).toString());
  });

  it('of a deleted stream finds its mark to the last digit, which the official client rounds', async () => {
    const stream = freshName();
    const client = connect(node);
    await client.appendToStream(stream, event(0));
    await client.deleteStream(stream);
    await client.dispose();
    const from = new streams.ReadReq.Options.StreamOptions()
      .setStreamIdentifier(named(`$$${stream}`))
      .setStart(new shared.Empty());
    const answer = await new Promise<ReadResp>((resolve, reject) => {
      const request = readOptions(new streams.ReadReq.Options().setStream(from));
      raw.read(request).on('data', resolve).on('error', reject);
    });
    const data = answer.getEvent()?.getEvent()?.getData_asU8() ?? [];
    expect(Buffer.from(data).toString()).toBe('{"$tb":9223372036854775807}');
  });

  it('refuses revisions between 2^63 and 2^64-2, and takes 2^64-1 for the end', async () => {
    const stream = freshName();
    const client = connect(node);
    await client.appendToStream(stream, [event(0), event(1)]);
    await client.dispose();
    const backwardsFrom = (revision: bigint) => {
      const from = new streams.ReadReq.Options.StreamOptions()
        .setStreamIdentifier(named(stream))
        .setRevision(revision.toString());
      const options = new streams.ReadReq.Options().setStream(from).setReadDirection(1);
      return new Promise<ReadResp | ServiceError>((resolve) => {
        raw.read(readOptions(options)).on('data', resolve).on('error', resolve);
      });
    };
    expect(await backwardsFrom(1n << 63n)).toMatchObject({ code: status.INVALID_ARGUMENT });
    expect(await backwardsFrom((1n << 64n) - 2n)).toMatchObject({ code: status.INVALID_ARGUMENT });
    const last = await backwardsFrom((1n << 64n) - 1n);
    expect((last as ReadResp).getEvent()?.getEvent()?.getStreamRevision()).toBe('1');
  });
});
