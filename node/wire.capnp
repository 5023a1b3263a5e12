# Wire: the payload of every frame between nodes and between clients and nodes.
#
# One root struct per frame kind (node/frame.h): PeerMessage, ClientRequest, ClientReply, PeerHello. Fields
# are only ever added, with new numbers; a change of meaning is a new protocol version. Terms and
# indexes of 0 mean "before the first one", node 0 means nobody. Entry bodies, questions, answers
# and outcomes are opaque here: they have been encoded once, by whoever wrote them.
# To look at one: capnp decode node/wire.capnp PeerMessage < payload

@0xd1531f43ab211ef4;

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("ledger::node::wire");

struct Entry {
  index @0 :UInt64;
  term @1 :UInt64;
  clusterTime @2 :Int64;    # nanoseconds
  wallTime @3 :Int64;       # nanoseconds since the Unix epoch
  kind @4 :UInt8;           # EntryKind of log/base/entry.h: the numbers that are also on disk
  envelopeBytes @5 :UInt32; # where the envelope ends and the erasable part begins
  body @6 :Data;            # envelope, then erasable part
  erased @7 :Bool;          # there was an erasable part, and it is not here
  partlyErased @8 :Bool;    # some of it is not here
}

struct PeerMessage {
  clusterHigh @0 :UInt64;
  clusterLow @1 :UInt64;
  group @2 :UInt32;
  from @3 :UInt32;
  to @4 :UInt32;
  term @5 :UInt64;          # the sender's current term

  union {
    preVoteRequest :group {
      proposed @6 :UInt64;
      lastTerm @7 :UInt64;
      lastIndex @8 :UInt64;
      attempt @9 :UInt64;
      addressee @34 :UInt64;  # incarnation, 0 = unknown
    }
    preVoteResponse :group {
      proposed @10 :UInt64;
      attempt @11 :UInt64;
      granted @12 :Bool;
      removed @32 :UInt64;  # index of the committed configuration without the asker, 0 = none
    }
    voteRequest :group {
      lastTerm @13 :UInt64;
      lastIndex @14 :UInt64;
      transfer @15 :Bool;
      addressee @35 :UInt64;  # incarnation, 0 = unknown
    }
    voteResponse :group {
      granted @16 :Bool;
    }
    appendRequest :group {
      previousTerm @17 :UInt64;
      previousIndex @18 :UInt64;
      commit @19 :UInt64;
      sequence @20 :UInt64;
      entries @21 :List(Entry);
      addressee @55 :UInt64;  # the disk that it is for, 0 = any
      trimmed @56 :Bool;      # for a witness: entries without their erasable parts
    }
    appendResponse :group {
      sequence @22 :UInt64;
      match @23 :UInt64;
      previous @24 :UInt64;
      hintTerm @25 :UInt64;
      hintIndex @26 :UInt64;
      accepted @27 :Bool;
      trimmed @57 :Bool;      # the sender's log is
      crowded @67 :Bool;      # the sender has no space for commands
    }
    heartbeat :group {
      commit @28 :UInt64;
      round @29 :UInt64;
    }
    heartbeatResponse :group {
      round @30 :UInt64;
      crowded @68 :Bool;      # the sender has no space for commands
    }
    timeoutNow @31 :Void;
    readRequest :group {
      number @36 :UInt64;
    }
    readResponse :group {
      number @37 :UInt64;
      index @38 :UInt64;
    }
    snapshotOffer :group {
      cutTerm @39 :UInt64;
      cutIndex @40 :UInt64;
      clusterTime @41 :Int64;   # of the last entry in the cut
      wallTime @42 :Int64;
      configuration @43 :Data;  # the layout of raft/configuration_body.h
    }
    snapshotStatus :group {
      cutTerm @44 :UInt64;
      cutIndex @45 :UInt64;
      held @46 :Bool;
    }
    cutRequest :group {       # its term means nothing
      cutTerm @47 :UInt64;
      cutIndex @48 :UInt64;
      part @49 :UInt32;
    }
    cutPart :group {          # its term means nothing
      cutTerm @50 :UInt64;
      cutIndex @51 :UInt64;
      part @52 :UInt32;       # 0 the manifest, then the chunks
      bytes @53 :Data;
    }
    fetchEntry :group {
      entryTerm @58 :UInt64;
      entryIndex @59 :UInt64;
      crc @60 :UInt32;        # of its envelope, 0 = unknown
    }
    fetchedEntry :group {
      entryTerm @61 :UInt64;
      entryIndex @62 :UInt64;
      result @63 :UInt8;      # FetchResult of message.h
      cutTerm @64 :UInt64;    # of the sender's newest cut, 0 = none
      cutIndex @65 :UInt64;
      copy @66 :Entry;        # if the sender has it
      whole @69 :Bool;        # the copy lacks only what was to be erased everywhere
    }
  }

  incarnation @33 :UInt64;  # of the sender's disk, 0 = it does not say
  features @54 :UInt16;     # the newest feature version that the sender knows, 0 = 1
}

# The first frame of a peer's connection.
struct PeerHello {
  clusterHigh @0 :UInt64;
  clusterLow @1 :UInt64;
  from @2 :UInt32;
  to @3 :UInt32;
  port @4 :UInt16;          # where it takes connections, on the address it speaks from
}

struct ClientRequest {
  id @0 :UInt64;

  union {
    command :group {
      envelopeBytes @1 :UInt32;
      body @2 :Data;        # envelope, then erasable part
    }
    query @3 :Data;
    status @4 :Void;
    subscribe @6 :Subscribe;
    grant @7 :Grant;
    unsubscribe @8 :Grant;  # its bytes mean nothing
    changeMembership @9 :ChangeMembership;
    transferLeadership @10 :UInt32;  # to this node, 0 = to the best successor
    finalise @11 :UInt32;   # no feature version beyond this one
  }
  readLevel @5 :UInt8;      # of a query: 0 linearizable, 1 applied, 2 anywhere
}

# The id of the request names the subscription.
struct Subscribe {
  now @0 :Bool;             # from the end of what the node has applied, instead of `from`
  from @1 :UInt64;
  stream @2 :Data;          # UTF-8; empty = all streams
  window @3 :UInt64;        # bytes
}

struct Grant {
  subscription @0 :UInt64;
  bytes @1 :UInt64;
}

struct ChangeMembership {
  verb @0 :UInt8;           # MembershipVerb of node/message.h
  priority @1 :UInt8;       # of set_priority
  node @2 :UInt32;
  replaced @3 :UInt32;      # of replace
}

# One member of a configuration, as a status tells it.
struct Member {
  node @0 :UInt32;
  incarnation @1 :UInt64;   # of its disk, 0 = not known yet
  priority @2 :UInt8;
  voter @3 :Bool;
  outgoing @4 :Bool;        # votes until the joint phase ends
  learner @5 :Bool;
  witness @6 :Bool;
  promote @7 :Bool;         # becomes a voter as soon as it has caught up ...
  replaces @8 :UInt32;      # ... in the place of this one, 0 = of nobody
  match @9 :UInt64;         # of a leader's answer: it holds everything up to here
  answers @10 :Bool;        # of a leader's answer: it did lately
  rounds @11 :UInt8;        # of a leader's answer: of catching up, all too slow; 10 = given up
  trimmed @12 :Bool;        # of a leader's answer: its log lacks erasable parts
}

# A node's own view of itself: the answer to `status`.
struct Status {
  node @0 :UInt32;
  leader @1 :UInt32;        # of the term, 0 = unknown
  clusterHigh @2 :UInt64;
  clusterLow @3 :UInt64;
  role @4 :UInt8;           # 1 follower, 2 pre-candidate, 3 candidate, 4 leader
  term @5 :UInt64;
  last @6 :UInt64;
  durable @7 :UInt64;
  commit @8 :UInt64;
  applied @9 :UInt64;
  length @10 :UInt64;       # events, as of applied
  chain @11 :Data;          # 32 bytes: entry hash at applied
  incarnation @12 :UInt64;  # of its disk, 0 = it has none
  transferTarget @13 :UInt32;  # as leader: who shall follow it, 0 = nobody
  configurationIndex @14 :UInt64;  # of its entry, 0 = given at boot
  members @15 :List(Member);  # of the configuration in force, ascending
  features @16 :UInt32;     # the newest feature version that it knows
  active @17 :UInt32;       # the one in force, as of applied
  faulty @18 :UInt64;       # entries that are damaged on its disk
  repairBlocked @19 :UInt64;  # the first of them of which nobody has a copy, 0 = none
  crowded @20 :Bool;        # its disk has no space for commands
}

struct ClientReply {
  id @0 :UInt64;

  union {
    applied :group {
      index @1 :UInt64;
      outcome @2 :Data;
    }
    answered :group {
      index @3 :UInt64;
      answer @4 :Data;
    }
    redirect @5 :UInt32;    # the leader, 0 = unknown
    overloaded @6 :Int64;   # nanoseconds to wait before a retry
    refused @7 :Data;       # the reason, UTF-8
    indeterminate @8 :Void;
    status @9 :Status;
    page :group {
      next @10 :UInt64;
      caughtUp @11 :Bool;
      answer @12 :Data;     # empty = no events
    }
    ended @13 :Data;        # the reason, UTF-8
    membershipChanged @14 :UInt64;  # index of the first configuration of the change
    leadershipMoves @15 :UInt32;    # to this node
  }
  diskFull @16 :Bool;       # of overloaded: for want of space on disks
}
