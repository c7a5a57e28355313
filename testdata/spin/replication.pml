/*
 * The twin of model/replication in Promela, written by hand: the same state, the same actions, the same bounds. SPIN is the yardstick
 * of `orrery bench`, and a second opinion on the model: of every domain both must find the same number of states and of steps.
 *
 * A state of the twin is a state of the model, no more and no less: there is one process, with one loop, each turn of which is one
 * action, and indivisible. Every variable is one of State's, by the same name; the order of the actions is that of Enabled. Nothing is
 * claimed here. The domain is given to the preprocessor: REPLICAS, MOST, PODS (3 at most), CHANGES, LOSSES, CRASHES. With -o2 SPIN keeps
 * variables in the state that nothing reads, such as adopted.
 *
 *     spin -a -o2 -DREPLICAS=1 -DMOST=2 -DPODS=0 -DCHANGES=1 -DLOSSES=0 -DCRASHES=0 replication.pml
 *     gcc -O2 -DSAFETY -DNOREDUCE -o pan pan.c && ./pan
 */

#define NAMES 4

/* Phases, verbs and ways, in the model's order. */
#define ABSENT  0
#define RUNNING 1
#define ENDED   2
#define LEAVING 3
#define GONE    4

#define CREATE  1
#define REMOVE  2
#define ADOPT   3
#define RELEASE 4

#define NONE    0
#define SENT    1
#define DONE    2
#define REFUSED 3
#define UNKNOWN 4

/* What the names of pods hold at first: so many as PODS says run, with the UIDs that follow the owner's. */
#if PODS == 0
#define FIRST(a, b, c, d) {0, 0, 0, 0}
#elif PODS == 1
#define FIRST(a, b, c, d) {a, 0, 0, 0}
#elif PODS == 2
#define FIRST(a, b, c, d) {a, b, 0, 0}
#else
#define FIRST(a, b, c, d) {a, b, c, 0}
#endif

/* The store. */
byte owner_uid = 1, owner_replicas = REPLICAS;
bit owner_leaving;
byte pod_phase[NAMES] = FIRST(RUNNING, RUNNING, RUNNING, RUNNING);
byte pod_uid[NAMES] = FIRST(2, 3, 4, 5);
byte pod_owner[NAMES] = FIRST(1, 1, 1, 1);
bit pod_matches[NAMES] = FIRST(1, 1, 1, 1);
byte pod_version[NAMES] = FIRST(1, 1, 1, 1);
byte next_uid = PODS + 2;

/* What the controller knows. */
bit up = 1;
byte seen_owner_uid = 1, seen_owner_replicas = REPLICAS;
bit seen_owner_leaving;
byte seen_phase[NAMES] = FIRST(RUNNING, RUNNING, RUNNING, RUNNING);
byte seen_uid[NAMES] = FIRST(2, 3, 4, 5);
byte seen_owner[NAMES] = FIRST(1, 1, 1, 1);
bit seen_matches[NAMES] = FIRST(1, 1, 1, 1);
byte seen_version[NAMES] = FIRST(1, 1, 1, 1);
bit live_read;
byte live_uid, live_replicas;
bit live_leaving;
byte write_verb[NAMES], write_way[NAMES], write_owner[NAMES], write_version[NAMES], write_uid[NAMES];

/* Requests on their way whose issuer is gone or has given them up. */
byte late_verb[NAMES], late_way[NAMES], late_owner[NAMES], late_version[NAMES], late_uid[NAMES];

/* What is left of faults and changes, and what is there to be judged. */
byte crashes = CRASHES, losses = LOSSES, changes = CHANGES;
bit healed;
#if PODS > REPLICAS
byte wanted = PODS;
#else
byte wanted = REPLICAS;
#endif
bit adopted, excused;

/* For use within one step: it is no part of the state. */
hidden byte missing;

/* The boundary: a name is free that was never used. */
#define WITHIN (pod_phase[0] == ABSENT || pod_phase[1] == ABSENT || pod_phase[2] == ABSENT || pod_phase[3] == ABSENT)

#define ANY(is) (is(0) || is(1) || is(2) || is(3))
#define SUM(of) (of(0) + of(1) + of(2) + of(3))

/* The store and the cache differ. */
#define OWNER_NEWS (seen_owner_uid != owner_uid || seen_owner_replicas != owner_replicas || seen_owner_leaving != owner_leaving)
#define NEWS(i) (seen_phase[i] != pod_phase[i] || seen_uid[i] != pod_uid[i] || seen_owner[i] != pod_owner[i] || \
	seen_matches[i] != pod_matches[i] || seen_version[i] != pod_version[i])

/* What the view shows of a pod. No decision is made while an answer is awaited, so a request is of unknown outcome, or there is none. */
#define OPEN(i) (write_way[i] == UNKNOWN)
#define SHOWN_ABSENT(i) (seen_phase[i] == ABSENT && !(OPEN(i) && (write_verb[i] == CREATE || write_verb[i] == REMOVE)))
#define COUNTS(i) (!OPEN(i) && seen_owner[i] == seen_owner_uid && seen_matches[i] && seen_phase[i] == RUNNING)
#define MAY(i) (OPEN(i) && (write_verb[i] == CREATE && write_owner[i] == seen_owner_uid || \
	write_verb[i] == REMOVE && seen_owner[i] == seen_owner_uid && seen_matches[i] || \
	write_verb[i] == ADOPT && write_owner[i] == seen_owner_uid && seen_matches[i] && seen_phase[i] == RUNNING))
#define SURELY SUM(COUNTS)
#define PERHAPS SUM(MAY)

/* What there is to decide, the first of these that there is: to release, to adopt, to create or delete. */
#define AWAITED(i) (write_way[i] == SENT || write_way[i] == DONE || write_way[i] == REFUSED)
#define DECIDING (up && seen_owner_uid != 0 && !seen_owner_leaving && !ANY(AWAITED))
#define TO_RELEASE(i) (!OPEN(i) && seen_phase[i] == RUNNING && seen_owner[i] == seen_owner_uid && !seen_matches[i])
#define TO_ADOPT(i) (!OPEN(i) && seen_phase[i] == RUNNING && seen_owner[i] == 0 && seen_matches[i])
#define RELEASING (DECIDING && ANY(TO_RELEASE))
#define ADOPTING (DECIDING && !ANY(TO_RELEASE) && ANY(TO_ADOPT))
#define COUNTING (DECIDING && !ANY(TO_RELEASE) && !ANY(TO_ADOPT))
#define CREATING (COUNTING && SURELY + PERHAPS < seen_owner_replicas && ANY(SHOWN_ABSENT))
#define REMOVING (COUNTING && SURELY > seen_owner_replicas)

/* Victims are a set of pods, a bit for each. */
#define IN(set, i) ((set >> i) & 1)
#define VICTIM(set, i) (!IN(set, i) || COUNTS(i))
#define VICTIMS(set) (IN(set, 0) + IN(set, 1) + IN(set, 2) + IN(set, 3) == SURELY - seen_owner_replicas && \
	VICTIM(set, 0) && VICTIM(set, 1) && VICTIM(set, 2) && VICTIM(set, 3))

inline no_live() {
	live_read = 0; live_uid = 0; live_replicas = 0; live_leaving = 0
}

inline no_write(i) {
	write_verb[i] = 0; write_way[i] = NONE; write_owner[i] = 0; write_version[i] = 0; write_uid[i] = 0
}

inline no_late(i) {
	late_verb[i] = 0; late_way[i] = NONE; late_owner[i] = 0; late_version[i] = 0; late_uid[i] = 0
}

inline see_owner() {
	seen_owner_uid = owner_uid; seen_owner_replicas = owner_replicas; seen_owner_leaving = owner_leaving
}

inline see(i) {
	seen_phase[i] = pod_phase[i]; seen_uid[i] = pod_uid[i]; seen_owner[i] = pod_owner[i];
	seen_matches[i] = pod_matches[i]; seen_version[i] = pod_version[i]
}

inline forget(i) {
	seen_phase[i] = ABSENT; seen_uid[i] = 0; seen_owner[i] = 0; seen_matches[i] = 0; seen_version[i] = 0
}

inline send(verb, i) {
	write_verb[i] = verb; write_way[i] = SENT; write_owner[i] = seen_owner_uid;
	write_version[i] = seen_version[i]; write_uid[i] = seen_uid[i]
}

/* send_if is for plans about several pods: what is asked about a pod does not depend on what was sent about another. */
inline send_if(condition, verb, i) {
	if
	:: condition -> send(verb, i)
	:: else
	fi
}

/* create takes the name if it is free and pods are still missing. */
inline create(i) {
	if
	:: missing > 0 && SHOWN_ABSENT(i) -> send(CREATE, i); missing--
	:: else
	fi
}

inline set_late(i) {
	late_verb[i] = write_verb[i]; late_way[i] = write_way[i]; late_owner[i] = write_owner[i];
	late_version[i] = write_version[i]; late_uid[i] = write_uid[i]
}

/* carry_out is the server's part: whether the precondition holds is decided there and then. */
inline carry_out(i, verb, way, owner, version, uid) {
	if
	:: verb == CREATE && (pod_phase[i] == ABSENT || pod_phase[i] == GONE) ->
		excused = excused || pod_phase[i] == GONE;
		pod_phase[i] = RUNNING; pod_uid[i] = next_uid; pod_owner[i] = owner; pod_matches[i] = 1;
		pod_version[i] = pod_version[i] + 1;
		uid = next_uid;
		next_uid++;
		way = DONE
	:: verb != CREATE && pod_phase[i] != ABSENT && pod_phase[i] != GONE && pod_version[i] == version ->
		if
		:: verb == REMOVE -> pod_phase[i] = LEAVING
		:: verb == ADOPT -> pod_owner[i] = owner; adopted = 1; excused = 1
		:: verb == RELEASE -> pod_owner[i] = 0
		fi;
		pod_version[i] = pod_version[i] + 1;
		way = DONE
	:: else -> way = REFUSED
	fi
}

/* hear takes over the object that the answer holds, unless the cache shows a later one. */
inline hear(i) {
	if
	:: write_way[i] == DONE && seen_version[i] <= write_version[i] ->
		if
		:: write_verb[i] == CREATE ->
			seen_phase[i] = RUNNING; seen_uid[i] = write_uid[i]; seen_owner[i] = write_owner[i]; seen_matches[i] = 1
		:: write_verb[i] == REMOVE -> seen_phase[i] = LEAVING
		:: write_verb[i] == ADOPT -> seen_owner[i] = write_owner[i]
		:: write_verb[i] == RELEASE -> seen_owner[i] = 0
		fi;
		seen_version[i] = write_version[i] + 1
	:: else
	fi;
	no_write(i)
}

/* doubt: there will be no answer; if the cache shows a later version, none is needed. */
inline doubt(i) {
	if
	:: seen_version[i] > write_version[i] -> no_write(i)
	:: else -> write_way[i] = UNKNOWN
	fi
}

inline leave_late(i) {
	if
	:: write_way[i] == SENT -> set_late(i)
	:: else
	fi;
	no_write(i);
	forget(i)
}

#define CHANGE (changes > 0 && !healed)
#define FAULTY(n) (n > 0 && !healed)
#define LATE_AND_SENT(i) (write_way[i] == SENT && late_way[i] != NONE)

#define SCALE(n) \
	:: d_step { CHANGE && n <= MOST && owner_uid != 0 && !owner_leaving && owner_replicas != n -> \
		changes--; owner_replicas = n; wanted = (wanted > n -> wanted : n) }

/* What happens to one pod. */
#define POD(i) \
	:: d_step { CHANGE && (pod_phase[i] == ABSENT || pod_phase[i] == GONE) -> /* Appear */ \
		changes--; pod_phase[i] = RUNNING; pod_uid[i] = next_uid; pod_owner[i] = 0; pod_matches[i] = 1; \
		pod_version[i] = pod_version[i] + 1; next_uid++ } \
	:: d_step { CHANGE && pod_phase[i] == RUNNING -> /* Relabel */ \
		changes--; pod_matches[i] = !pod_matches[i]; excused = excused || pod_matches[i]; pod_version[i] = pod_version[i] + 1 } \
	:: d_step { CHANGE && pod_phase[i] == RUNNING -> /* End */ \
		changes--; pod_phase[i] = ENDED; pod_version[i] = pod_version[i] + 1 } \
	:: d_step { CHANGE && (pod_phase[i] == RUNNING || pod_phase[i] == ENDED) -> /* Delete */ \
		changes--; pod_phase[i] = LEAVING; pod_version[i] = pod_version[i] + 1 } \
	:: d_step { pod_phase[i] == LEAVING -> /* RemovePod */ \
		pod_phase[i] = GONE; pod_uid[i] = 0; pod_owner[i] = 0; pod_matches[i] = 0; pod_version[i] = pod_version[i] + 1 } \
	:: d_step { up && NEWS(i) -> /* See */ \
		see(i); if :: OPEN(i) -> no_write(i) :: else fi }

/* What becomes of one request. */
#define REQUEST(i) \
	:: d_step { write_way[i] == SENT -> /* Arrive */ \
		carry_out(i, write_verb[i], write_way[i], write_owner[i], write_version[i], write_uid[i]) } \
	:: d_step { write_way[i] == DONE || write_way[i] == REFUSED -> /* Answer */ \
		hear(i) } \
	:: d_step { FAULTY(losses) && write_way[i] == DONE -> /* LoseAnswer */ \
		losses--; doubt(i) } \
	:: d_step { FAULTY(losses) && write_way[i] == SENT && late_way[i] == NONE -> /* GiveUp */ \
		losses--; set_late(i); doubt(i) } \
	:: d_step { OPEN(i) -> /* Resolve */ \
		if :: write_verb[i] == CREATE -> see(i); no_write(i) :: else -> write_way[i] = SENT fi } \
	:: d_step { late_way[i] != NONE -> /* Land */ \
		carry_out(i, late_verb[i], late_way[i], late_owner[i], late_version[i], late_uid[i]); no_late(i) } \
	:: d_step { late_way[i] != NONE -> /* Drop */ \
		no_late(i) }

#define DELETION(set) \
		:: d_step { VICTIMS(set) -> \
			send_if(IN(set, 0), REMOVE, 0); send_if(IN(set, 1), REMOVE, 1); \
			send_if(IN(set, 2), REMOVE, 2); send_if(IN(set, 3), REMOVE, 3); no_live() }

active proctype world() provided (WITHIN) {
end:	do
	/* The owner and its users. */
	SCALE(0) SCALE(1) SCALE(2) SCALE(3) SCALE(4)
	:: d_step { CHANGE && owner_uid == 0 -> /* Again */
		changes--; owner_uid = next_uid; owner_replicas = 1; owner_leaving = 0; next_uid++; wanted = 1 }
	:: d_step { CHANGE && owner_uid != 0 && !owner_leaving -> /* Leave */
		changes--; owner_leaving = 1 }
	:: d_step { CHANGE && owner_uid != 0 -> /* Vanish */
		changes--; owner_uid = 0; owner_replicas = 0; owner_leaving = 0 }
	:: d_step { up && OWNER_NEWS -> /* SeeOwner */
		see_owner(); no_live() }

	POD(0) POD(1) POD(2) POD(3)

	/* The controller decides: Look, and every kind of Work. */
	:: d_step { RELEASING ->
		send_if(TO_RELEASE(0), RELEASE, 0); send_if(TO_RELEASE(1), RELEASE, 1);
		send_if(TO_RELEASE(2), RELEASE, 2); send_if(TO_RELEASE(3), RELEASE, 3); no_live() }
	:: d_step { ADOPTING && !live_read ->
		live_read = 1; live_uid = owner_uid; live_replicas = owner_replicas; live_leaving = owner_leaving }
	:: d_step { ADOPTING && live_read && live_uid == seen_owner_uid && !live_leaving ->
		send_if(TO_ADOPT(0), ADOPT, 0); send_if(TO_ADOPT(1), ADOPT, 1);
		send_if(TO_ADOPT(2), ADOPT, 2); send_if(TO_ADOPT(3), ADOPT, 3); no_live() }
	:: d_step { CREATING ->
		missing = seen_owner_replicas - SURELY - PERHAPS;
		create(0); create(1); create(2); create(3); missing = 0; no_live() }
	:: atomic { REMOVING ->
		if
		DELETION(1) DELETION(2) DELETION(3) DELETION(4) DELETION(5) DELETION(6) DELETION(7) DELETION(8)
		DELETION(9) DELETION(10) DELETION(11) DELETION(12) DELETION(13) DELETION(14) DELETION(15)
		fi }

	REQUEST(0) REQUEST(1) REQUEST(2) REQUEST(3)

	:: d_step { up && FAULTY(crashes) && !ANY(LATE_AND_SENT) -> /* Crash */
		crashes--;
		leave_late(0); leave_late(1); leave_late(2); leave_late(3);
		up = 0; seen_owner_uid = 0; seen_owner_replicas = 0; seen_owner_leaving = 0; no_live(); excused = 1 }
	:: d_step { !up -> /* Start */
		up = 1; see_owner(); see(0); see(1); see(2); see(3) }
	:: d_step { !healed -> /* Heal */
		healed = 1; crashes = 0; losses = 0; changes = 0 }
	od
}
