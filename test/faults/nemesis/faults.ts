import { quietFor } from '../../support/wait.js';
import type { TopologyName } from '../../support/topologies.js';
import type { FaultTarget } from './history.js';
import { consumers } from './history.js';
import type { Random } from './random.js';
import { between, pick } from './random.js';
import type { ChildName, World } from './world.js';

/** One fault with everything drawn beforehand, so that the seed alone decides. */
export interface Fault {
  readonly kind: string;
  readonly targets: readonly FaultTarget[];
  /** Makes it, waits it out and mends it. */
  strike(world: World): Promise<void>;
}

type MakeFault = (random: Random) => Fault;

const anyChild = (random: Random): ChildName => pick(random, [...consumers, 'publisher'] as const);

const killChild: MakeFault = (random) => {
  const [name, awayMs] = [anyChild(random), between(random, 0, 2_000)];
  return {
    kind: 'SIGKILL',
    targets: [name],
    strike: async (world) => {
      world.child(name).signal('SIGKILL');
      await world.child(name).exited();
      await quietFor(awayMs);
      await world.startChild(name);
    },
  };
};

const stopChild: MakeFault = (random) => {
  const [name, forMs] = [anyChild(random), between(random, 200, 8_000)];
  return {
    kind: 'SIGSTOP',
    targets: [name],
    strike: async (world) => {
      world.child(name).signal('SIGSTOP');
      await quietFor(forMs);
      world.child(name).signal('SIGCONT');
    },
  };
};

const deployConsumer: MakeFault = (random) => {
  const name = pick(random, consumers);
  return {
    kind: 'SIGTERM',
    targets: [name],
    strike: async (world) => {
      world.child(name).signal('SIGTERM');
      await world.child(name).exited();
      await world.startChild(name);
    },
  };
};

const restartServer =
  (state: 'kept' | 'lost'): MakeFault =>
  (random) => {
    const [awayMs, drainsFirst] = [between(random, 0, 5_000), random() < 0.5];
    return {
      kind: state === 'kept' ? 'restart with state' : 'restart without state',
      targets: ['server'],
      strike: async (world) => {
        if (state === 'lost' && drainsFirst) await world.drain();
        await world.restartServer(state, () => quietFor(awayMs));
      },
    };
  };

const freezeServer: MakeFault = (random) => {
  const forMs = between(random, 200, 6_000);
  return {
    kind: 'server SIGSTOP',
    targets: ['server'],
    strike: async (world) => {
      await world.server.freeze();
      await quietFor(forMs);
      world.server.thaw();
    },
  };
};

const cutNetwork: MakeFault = (random) => {
  const [name, times] = [anyChild(random), between(random, 1, 3)];
  return {
    kind: 'cut',
    targets: [name],
    strike: async (world) => {
      for (let time = 0; time < times; time += 1) {
        world.proxy(name).cut();
        await quietFor(200);
      }
    },
  };
};

const spoilNetwork =
  (kind: 'refuse' | 'swallow' | 'delay'): MakeFault =>
  (random) => {
    const [name, forMs, delayMs] = [anyChild(random), between(random, 200, 7_000), between(random, 50, 1_500)];
    const directions = pick(random, [['toServer'], ['toClient'], ['toServer', 'toClient']] as const);
    return {
      kind,
      targets: [name],
      strike: async (world) => {
        const proxy = world.proxy(name);
        if (kind === 'refuse') proxy.refuse();
        else if (kind === 'swallow') proxy.swallow(...directions);
        else proxy.delay(delayMs, ...directions);
        await quietFor(forMs);
        proxy.restore();
      },
    };
  };

/** Kills the one that serves; it comes back while, or after, another has taken over. */
const killLeader =
  (kind: string): MakeFault =>
  (random) => {
    const awayMs = between(random, 0, 6_000);
    return {
      kind,
      targets: ['server'],
      strike: async (world) => world.restartNode(await world.topology.leader(), 'kill', () => quietFor(awayMs)),
    };
  };

const freezeLeader: MakeFault = (random) => {
  const forMs = between(random, 500, 8_000);
  return {
    kind: 'leader SIGSTOP',
    targets: ['server'],
    strike: async (world) => {
      const leader = await world.topology.leader();
      await leader.freeze();
      await quietFor(forMs);
      leader.thaw();
      await world.topology.leader();
    },
  };
};

const partitionNode: MakeFault = (random) => {
  const [ofLeader, place, forMs] = [random() < 0.6, random(), between(random, 500, 8_000)];
  return {
    kind: 'partition of a node',
    targets: ['server'],
    strike: async (world) => {
      const { topology } = world;
      const any = topology.nodes[Math.floor(place * topology.nodes.length)];
      const node = ofLeader || any === undefined ? await topology.leader() : any;
      topology.partition?.(node);
      await quietFor(forMs);
      topology.heal();
      await topology.leader();
    },
  };
};

/** As an orderly upgrade does it: one node after the other, each when the one before is back. */
const restartAll: MakeFault = (random) => {
  const awayMs = between(random, 0, 1_000);
  return {
    kind: 'stop of all nodes, rolling',
    targets: ['server'],
    strike: async (world) => {
      for (const node of world.topology.nodes) await world.restartNode(node, 'stop', () => quietFor(awayMs));
    },
  };
};

const ofChildren = [killChild, killChild, stopChild, stopChild, deployConsumer] as const;
const ofNetworks = [cutNetwork, spoilNetwork('refuse'), spoilNetwork('swallow'), spoilNetwork('delay')] as const;

/** What happens how often; the restart without state is rare, since it makes all sessions start over. */
const makersOfSingle: readonly MakeFault[] = [
  ...ofChildren,
  ...[restartServer('kept'), restartServer('kept'), restartServer('lost'), freezeServer],
  ...ofNetworks,
];

/** Where servers replace each other, what befalls them is more than half of it. */
const makersOfSeveral = (kill: MakeFault): readonly MakeFault[] => [
  ...ofChildren,
  ...[kill, kill, kill, kill, freezeLeader, freezeLeader],
  ...[partitionNode, partitionNode, partitionNode, restartAll],
  ...ofNetworks,
];

const makersOf: Readonly<Record<TopologyName, readonly MakeFault[]>> = {
  single: makersOfSingle,
  // What the nodes of a cluster know of acks they have from each other, and not from a file that is written late.
  cluster: makersOfSeveral(killLeader('SIGKILL of the leader')),
  ft: makersOfSeveral(killLeader('restart of the killed server')),
  'behind-nats': makersOfSeveral(killLeader('restart of the killed server')),
};

/** The next fault, or two at a time that strike different targets. */
export function nextFaults(random: Random, topology: TopologyName): readonly Fault[] {
  const makers = makersOf[topology];
  const first = pick(random, makers)(random);
  const second = pick(random, makers)(random);
  const together = random() < 0.3 && !second.targets.some((target) => first.targets.includes(target));
  // A drain needs everything else to be well.
  const [one, other] = [first, second].map(({ kind }) => kind === 'restart without state');
  return together && !one && !other ? [first, second] : [first];
}
