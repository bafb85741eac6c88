/*
 * One region of one connection through its owner's lease breaks, as docs/protocol.md has it: who grants, revokes, drains, restores and withdraws; direct
 * and emulated transfers of one queue pair; the loss of either side and of either channel at any step. scripts/model runs it.
 *
 * What is checked, in every interleaving:
 *   - the owner's device is let at the file only while the owner has the lease (assertion in OwnersDevice);
 *   - no access finds its key gone on a queue pair that neither side has stopped: a break must not kill a queue pair (the same);
 *   - each accepted transfer completes exactly once, in the order of posting (complete, Monitor);
 *   - transfers take effect at the owner in the order of posting, whichever path each takes (effect);
 *   - nothing waits for ever: when nothing can move any more, every break was answered and every transfer of a living peer has completed (Monitor);
 *   - without faults (NO_FAULTS) all of them complete with success or as truncated, and no queue pair is stopped (Monitor).
 *
 * What is left out: the gate (stress/ has it), so "look at the grant, post" is one step; what is within a frame (FuzzTest has it); time, so that a deadline
 * may pass at any moment.
 *
 * Mutants leave one rule out each; each must fail: MUTANT_...
 */
#ifndef TRANSFERS
#define TRANSFERS 3
#endif
#ifndef BREAKS
#define BREAKS 2
#endif
#define MESSAGES 6     /* that are under way on the control channel, in each direction */
#define PACKETS 4
#define CREDITS 2      /* emulated requests without an answer */
#define ALL_EPOCHS 99  /* a region that was withdrawn is revoked for all of them */

/* What is pinned is deregistered in a break; a registration on demand stays, quiet, with its key. */
#ifdef ON_DEMAND
#define DEREGISTER skip
#define VALID(named) (key != 0)
#else
#define DEREGISTER key = 0
#define VALID(named) (named == key)
#endif

/* One order per queue pair: a transfer of one path begins when none of the other is under way. */
#ifdef MUTANT_DIRECT_OVERTAKES_EMULATED
#define MAY_GO_DIRECT true
#else
#define MAY_GO_DIRECT (emulated == 0)
#endif
#ifdef MUTANT_EMULATED_OVERTAKES_DIRECT
#define MAY_BE_EMULATED true
#else
#define MAY_BE_EMULATED (direct == 0)
#endif

mtype = { OPEN, REGION, REVOKE, REVOKED, RESTORE, WITHDRAW, WITHDRAWN, ACCESS, ANSWER,  /* on the control channel */
          TRANSFER, REPEATED, PROBE,                                                    /* packets between the devices */
          OK, TRUNCATED, FLUSHED,                                                       /* how a transfer ends */
          ABSENT, GRANTED, REVOKING, WAITING, WITHDRAWING, GONE,                        /* the region at the owner, for this connection */
          IDLE, DRAINING, RELEASED };                                                   /* the owner's lease */

chan toPeer = [MESSAGES] of { mtype, byte };         /* control channel; a number is an epoch or a transfer */
chan toOwner = [MESSAGES] of { mtype, byte };
chan packets = [PACKETS] of { mtype, byte, byte };  /* the peer's device to the owner's: kind, transfer, epoch (which stands for the key) */
chan completions = [PACKETS] of { mtype, byte };    /* and its answers, as completions on the peer's queue */

/* What fails, at any step. */
bool channelCut, networkCut, peerDead, ownerDead;

/* The file. */
bool leaseHeld = true, breakWanted, fileOpenElsewhere;

/* The owner. */
mtype lease = IDLE, region = ABSENT;
byte epoch = 1, key = 1;     /* key: the epoch of the registration, 0 for none */
bool ownerOpen = true, ownerStopped; /* the connection; its queue pair, in ERR */
byte lastEffect;

/* The peer. */
bool peerOpen = true, peerStopped, hasRegion, draining, withdrawing, withdrawn, probing, probed;
byte grant, revokedTo, restore; /* the epoch that may be used; up to which they are gone; one that a RESTORE brought and that nobody has looked at */
byte drainOf, next = 1, direct, emulated, lastDone;
mtype ended[TRANSFERS + 1];
byte repeats, sentWith;

inline effect(number) {
    assert(number > lastEffect);      /* the order of posting, and once */
    lastEffect = number;
}

inline complete(number, how) {
    assert(number == lastDone + 1);   /* the order of posting, and once */
    ended[number] = how;
    lastDone = number;
}

/* A message is lost if the channel is cut or the other side gone; and then, as it is a stream, so are those behind it. */
inline tell(channel, type, number) {
    if
    :: atomic { channelCut || peerDead || ownerDead -> skip }
    :: atomic { !channelCut && !peerDead && !ownerDead && len(channel) < MESSAGES -> channel!type(number) }
    fi
}

inline closeAtOwner() {
#ifndef MUTANT_LOST_COUNTS_AS_DRAINED
    ownerStopped = true;              /* first the queue pair, then the region counts as drained */
#endif
    ownerOpen = false;
    region = GONE
}

active proctype Owner() {
    byte number;
end:
    do
    :: ownerDead -> break

    /* Messages. */
    :: atomic { !ownerDead && ownerOpen && toOwner?[OPEN(_)] -> toOwner?OPEN(_);
        if
#ifdef MUTANT_GRANT_DURING_BREAK
        :: key != 0 -> region = (lease == DRAINING -> WAITING : GRANTED); number = epoch
        :: else -> region = WAITING; number = 0
#else
        :: key != 0 && lease == IDLE -> region = GRANTED; number = epoch
        :: else -> region = WAITING; number = 0
#endif
        fi }
        tell(toPeer, REGION, number)
    :: atomic { !ownerDead && ownerOpen && toOwner?[REVOKED(number)] -> toOwner?REVOKED(number);
        assert(number == epoch && (region == REVOKING || region == WITHDRAWING));
        if
        :: region == REVOKING -> region = WAITING
        :: else -> skip /* crossed with WITHDRAW: its answer follows */
        fi }
    :: atomic { !ownerDead && ownerOpen && toOwner?[WITHDRAWN(_)] -> toOwner?WITHDRAWN(_); assert(region == WITHDRAWING); region = GONE }
    :: atomic { !ownerDead && ownerOpen && toOwner?[ACCESS(number)] -> toOwner?ACCESS(number); effect(number) } /* through the file, whatever the lease does */
        tell(toPeer, ANSWER, number)

    /* The lease. */
    :: atomic { !ownerDead && breakWanted && lease == IDLE ->
        lease = DRAINING;
        if
        :: region == GRANTED -> region = REVOKING; number = 1
        :: else -> number = 0
        fi }
        if
        :: number == 1 -> tell(toPeer, REVOKE, epoch)
        :: else
        fi
    :: atomic { !ownerDead && lease == DRAINING && region != REVOKING && region != WITHDRAWING -> DEREGISTER }
        atomic {
        if
        :: !ownerDead -> leaseHeld = false; lease = RELEASED
        :: else
        fi }
    :: atomic { !ownerDead && lease == RELEASED && !breakWanted && !fileOpenElsewhere -> leaseHeld = true; epoch++; key = epoch; lease = IDLE;
        if
        :: region == WAITING -> region = GRANTED; number = 1
        :: else -> number = 0
        fi }
        if
        :: number == 1 -> tell(toPeer, RESTORE, epoch)
        :: else
        fi

    /* The deadline of a break, or of a withdrawal; the loss of the connection. */
#ifndef NO_FAULTS
#ifdef MUTANT_NO_FENCE_AT_DEADLINE
    :: atomic { !ownerDead && ownerOpen && (region == REVOKING || region == WITHDRAWING) -> ownerOpen = false; region = GONE }
#else
    :: atomic { !ownerDead && ownerOpen && (region == REVOKING || region == WITHDRAWING) -> closeAtOwner() }
#endif
#endif
    :: atomic { !ownerDead && ownerOpen && (channelCut || peerDead || !peerOpen) -> closeAtOwner() }

#ifdef WITHDRAWALS
    :: atomic { !ownerDead && ownerOpen && (region == GRANTED || region == REVOKING || region == WAITING) -> region = WITHDRAWING }
        tell(toPeer, WITHDRAW, 0)
#endif
    od
}

/* The owner's device: executes what arrives, until its queue pair is stopped. */
active proctype OwnersDevice() {
    byte number, named;
    mtype kind;
end:
    do
    :: atomic { packets?kind(number, named) ->
        if
        :: ownerStopped || ownerDead || networkCut -> skip /* lost */
        :: else ->
            if
            :: kind == PROBE -> completions!PROBE(0)
            :: kind != PROBE && VALID(named) ->
                assert(leaseHeld);             /* no access after the release */
                if
                :: kind == TRANSFER -> effect(number); completions!TRANSFER(number)
                :: else -> skip                /* a read that was sent twice is executed twice */
                fi
            :: else -> assert(peerStopped || peerDead || ownerStopped) /* no break may kill a queue pair */
            fi
        fi }
    od
}

/* The peer's device: sends again what has no answer yet, once at most. */
active proctype PeersDevice() {
    do
    :: atomic { direct > 0 && repeats == 0 && !peerStopped && !peerDead && len(packets) < PACKETS ->
        repeats++; packets!REPEATED(lastDone + 1, sentWith) }
        break
    :: break
    od
}

/* The peer's pump and its user's posts; it begins the oldest transfer that has not begun. */
active proctype PeersPump() {
end:
    do
    :: peerDead -> break
    :: atomic { !peerDead && peerOpen && next <= TRANSFERS && grant != 0 && !withdrawn && MAY_GO_DIRECT && len(packets) < PACKETS ->
        packets!TRANSFER(next, grant); sentWith = grant; direct++; next++ }
    :: atomic { !peerDead && peerOpen && next <= TRANSFERS && grant == 0 && hasRegion && !withdrawn && MAY_BE_EMULATED && emulated < CREDITS &&
        len(toOwner) < MESSAGES && !channelCut ->
        emulated++; toOwner!ACCESS(next); next++ }
    :: atomic { !peerDead && restore != 0 ->
#ifndef MUTANT_RESTORE_WITHOUT_EPOCH
        if
        :: restore > revokedTo -> grant = restore
        :: else -> skip /* revoked meanwhile */
        fi;
#else
        grant = restore;
#endif
        restore = 0 }
    /* A region that is gone: what has not begun ends in its turn. */
    :: atomic { !peerDead && peerOpen && withdrawn && next <= TRANSFERS && direct == 0 && emulated == 0 -> complete(next, FLUSHED); next++ }
#ifndef MUTANT_NO_FLUSH
    :: atomic { !peerDead && !peerOpen && lastDone < TRANSFERS -> complete(lastDone + 1, FLUSHED) }
#endif
    od
}

/* The peer's side of the control channel, and its completions. */
active proctype Peer() {
    byte number;
    tell(toOwner, OPEN, 0);
end:
    do
    :: peerDead -> break
    :: atomic { !peerDead && peerOpen && toPeer?[REGION(number)] -> toPeer?REGION(number); hasRegion = true; grant = number }
    :: atomic { !peerDead && peerOpen && toPeer?[REVOKE(number)] -> toPeer?REVOKE(number); revokedTo = number; grant = 0; draining = true; drainOf = number }
    :: atomic { !peerDead && peerOpen && toPeer?[RESTORE(number)] -> toPeer?RESTORE(number); restore = number } /* for the pump, in its time */
    :: atomic { !peerDead && peerOpen && toPeer?[WITHDRAW(_)] -> toPeer?WITHDRAW(_); revokedTo = ALL_EPOCHS; grant = 0; withdrawn = true; withdrawing = true }
    :: atomic { !peerDead && peerOpen && toPeer?[ANSWER(number)] -> toPeer?ANSWER(number); emulated--;
        if
        :: complete(number, OK)
        :: complete(number, TRUNCATED)
        fi }
#ifdef MUTANT_ANSWER_AFTER_FLUSH
    :: atomic { !peerDead && !peerOpen && toPeer?[ANSWER(number)] -> toPeer?ANSWER(number); complete(number, OK) }
#endif
    :: atomic { !peerDead && !peerStopped && completions?[TRANSFER(number)] -> completions?TRANSFER(number); direct--; complete(number, OK) }
    :: atomic { !peerDead && !peerStopped && completions?[PROBE(_)] -> completions?PROBE(_); probing = false; probed = true }

    /* The drain: what was posted with the key has completed, and a probe behind it. */
#ifdef MUTANT_NO_PROBE
    :: atomic { !peerDead && peerOpen && (draining || withdrawing) && direct == 0 && !probed -> probed = true }
#else
    :: atomic { !peerDead && peerOpen && (draining || withdrawing) && direct == 0 && !probing && !probed && len(packets) < PACKETS -> packets!PROBE(0, 0); probing = true }
#endif
#ifdef MUTANT_REVOKED_BEFORE_DRAIN
    :: atomic { !peerDead && peerOpen && draining -> draining = false; number = drainOf }
#else
    :: atomic { !peerDead && peerOpen && draining && probed -> draining = false; probed = withdrawing; number = drainOf }
#endif
        tell(toOwner, REVOKED, number)
    :: atomic { !peerDead && peerOpen && withdrawing && !draining && probed -> withdrawing = false; probed = false }
        tell(toOwner, WITHDRAWN, 0)

    /* The loss of the connection: first the queue pair, then what is with it is flushed. */
    :: atomic { !peerDead && peerOpen && (ownerDead || channelCut || !ownerOpen) && empty(toPeer) -> peerStopped = true; peerOpen = false }
    :: atomic { !peerDead && peerOpen && direct + probing > 0 && (networkCut || ownerStopped) -> peerStopped = true; peerOpen = false } /* retries are used up */
    od
}

/* Other processes that open the file, and may be killed while they wait. */
active proctype Breakers() {
    byte n;
    do
    :: n < BREAKS && lease == IDLE && !ownerDead -> breakWanted = true;
        if
        :: atomic { !leaseHeld -> fileOpenElsewhere = true; breakWanted = false }
            fileOpenElsewhere = false
        :: atomic { !leaseHeld -> breakWanted = false } /* it was killed meanwhile: the break goes on without it */
        :: ownerDead -> break
        fi;
        n++
    :: n == BREAKS || ownerDead -> break
    :: break
    od
}

#ifndef NO_FAULTS
active proctype Faults() {
    if
    :: channelCut = true
    :: networkCut = true
    :: peerDead = true
    :: atomic { ownerDead = true; ownerStopped = true; leaseHeld = false; key = 0 } /* the kernel cleans up after it */
    :: skip
    fi
}
#endif

/* When nothing else can move. */
active proctype Monitor() {
    timeout ->
    assert(ownerDead || lease == IDLE);                              /* every break was answered, and the lease is there again */
    assert(peerDead || lastDone == TRANSFERS);                       /* everything that was accepted has completed */
#ifdef NO_FAULTS
    assert(!ownerStopped && !peerStopped && ownerOpen && peerOpen);  /* hitless */
    assert(lastEffect == TRANSFERS || withdrawn);
#endif
}
