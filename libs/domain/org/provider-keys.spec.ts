import { describe, expect, it } from '@jest/globals';
import { acmeOf, builtIn, enterprise, fold, given, newId, nothing, refused } from '../../../test/support/decider.js';
import { secretReferenceTo } from '../../../test/support/secret-reference.js';
import { orgCommands } from './decisions.js';
import type { OrgEvent } from './events.js';
import { isModelValid } from './provider-keys.js';

const created = acmeOf('olga');
const live: OrgEvent = { type: 'EnvironmentCreated', data: { environmentId: 'live', name: 'Live' } };
const key = { keyId: 'k', provider: 'openai', name: 'OpenAI', credential: secretReferenceTo('one') };
const added: OrgEvent = { type: 'ProviderKeyAdded', data: key };
const rotation = { keyId: 'k', credential: secretReferenceTo('two') };
const removed: OrgEvent = { type: 'ProviderKeyRemoved', data: { keyId: 'k' } };
const model = { environmentId: 'live', modelId: 'm', provider: 'openai', name: 'M' };

describe('provider keys (T21, T22, C23)', () => {
  it('are added, under an id of their own where none is given', () => {
    given([created]).when('AddProviderKey', key).then([added]);
    const { keyId: _, ...unnamed } = key;
    given([created])
      .when('AddProviderKey', unnamed)
      .then([{ type: 'ProviderKeyAdded', data: { ...key, keyId: newId } }]);
  });

  it('are the same by the fingerprint of their credential, wherever it is kept', () => {
    const elsewhere = { ...key.credential, secretId: secretReferenceTo('two').secretId };
    given([created, added])
      .when('AddProviderKey', { ...key, credential: elsewhere })
      .then(nothing);
    given([created, added])
      .when('AddProviderKey', { ...key, ...rotation })
      .then(refused('provider_key_exists'));
    given([created, added])
      .when('AddProviderKey', { ...key, provider: 'anthropic' })
      .then(refused('provider_key_exists'));
    given([created, added]).when('RotateProviderKey', { keyId: 'k', credential: elsewhere }).then(nothing);
  });

  it('are rotated and removed', () => {
    given([created, added])
      .when('RotateProviderKey', rotation)
      .then([{ type: 'ProviderKeyRotated', data: rotation }]);
    given([created]).when('RotateProviderKey', rotation).then(refused('provider_key_not_found'));
    given([created, added]).when('RemoveProviderKey', { keyId: 'k' }).then([removed]);
    given([created]).when('RemoveProviderKey', { keyId: 'k' }).then(nothing);
    expect(fold('org', [created, added, removed]).settings?.providerKeys).toEqual({});
  });

  it('are at most a hundred', () => {
    const many = Array.from(
      { length: 100 },
      (_, i): OrgEvent => ({ type: 'ProviderKeyAdded', data: { ...key, keyId: `k${i}` } }),
    );
    given([created, ...many])
      .when('AddProviderKey', key)
      .then(refused('provider_keys_full'));
  });

  it('are not those of an organization that is gone', () => {
    const gone: OrgEvent[] = [created, added, { type: 'OrgDeleted', data: {} }];
    given(gone).when('AddProviderKey', key).then(refused('org_not_found'));
    given(gone).when('RotateProviderKey', rotation).then(refused('org_not_found'));
    given(gone).when('RemoveProviderKey', { keyId: 'k' }).then(refused('org_not_found'));
  });

  it('stand in the rules as references only: no credential is taken', () => {
    const plain = { ...key, credential: { apiKey: 'sk-0000' } };
    expect(orgCommands.AddProviderKey.safeParse(plain).success).toBe(false);
    expect(orgCommands.AddProviderKey.safeParse({ ...key, apiKey: 'sk-0000' }).success).toBe(false);
  });
});

describe('models and the keys that they draw on', () => {
  it('T27: a model is added only from a provider whose key the organization holds', () => {
    given([created, live]).when('AddModel', model).then(refused('provider_key_missing'));
    given([created, live, added])
      .when('AddModel', { ...model, provider: 'anthropic' })
      .then(refused('provider_key_missing'));
    given([created, live, added])
      .when('AddModel', model)
      .then([{ type: 'ModelAdded', data: model }]);
  });

  it('T27: where the scheme does not say so, from any provider', () => {
    const teams = builtIn('teams');
    const workspace: OrgEvent = {
      type: 'EnvironmentCreated',
      data: { environmentId: 'live', name: 'Live', kind: 'workspace' },
    };
    given([acmeOf('olga', 'teams'), workspace], teams)
      .when('AddModel', model)
      .then([{ type: 'ModelAdded', data: model }]);
  });

  it('T45: removing the last key of a provider invalidates its models; a key of it makes them valid again', () => {
    const events: OrgEvent[] = [created, live, added, { type: 'ModelAdded', data: model }];
    const valid = (...more: OrgEvent[]) =>
      isModelValid(enterprise, fold('org', [...events, ...more]).settings, 'openai');
    expect(valid()).toBe(true);
    expect(valid(removed)).toBe(false);
    const second: OrgEvent = { type: 'ProviderKeyAdded', data: { ...key, keyId: 'second' } };
    expect(valid(second, removed)).toBe(true);
    expect(valid(removed, second)).toBe(true);
  });
});
