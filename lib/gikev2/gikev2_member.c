// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Group member: the slides' GM state machine.
 */
#include <stdlib.h>
#include <string.h>

#include "gikev2/gikev2_int.h"
#include "gikev2/gikev2_keep.h"

/* An unprotected hint makes us register anew at most once in this time. */
#define HINT_INTERVAL (10 * GIKEV2_SECOND)
/* Keys that end sooner than that are not left to a server that may be dead. */
#define RETURN_ROOM (180 * GIKEV2_SECOND)

struct gikev2_member {
	struct gikev2 *engine;
	struct gikev2_member *prev, *next;
	void *cookie;
	struct gikev2_member_config config;
	enum gikev2_member_state state;
	uint64_t state_since;
	struct gikev2_ike *ike;	    /* the registration SA */
	struct gikev2_ike *attempt; /* the one that will replace it */
	struct gikev2_rows rows;
	struct gikev2_sender_ids sender_ids; /* of the last registration */
	struct gikev2_timer timer;	     /* next try, or soft expiry */
	struct gikev2_timer expiry;	     /* of rows and Rekey SAs */
	struct gikev2_keks keks;
	uint64_t recover_at; /* something was missed; or NEVER */
	int recover_err;     /* what */
	size_t server;	     /* which of config.servers */
	uint64_t return_at;  /* to one before that; or NEVER */
	uint64_t backoff, hint_next;
	uint64_t registered_since, last_rekey;
	uint32_t registrations, failures, rekeys;
	int last_error;
	bool waited; /* for another group to register, so as to share its SA */
	bool alone;  /* an SA that is shared is of no use to it */
	struct gikev2_proof_status proof;
};

enum gm_event {
	GM_KEYS_NEEDED,	    /* a routing protocol indicates it */
	GM_KEYS_NOT_NEEDED, /* Exit */
	GM_PAIRWISE_DONE,
	GM_SAS_RECEIVED,
	GM_FAILED,	/* this attempt */
	GM_OTHER_FIRST, /* another group may open the way */
	GM_SERVER_LOST, /* the registration SA is gone */
	GM_TIMER,
	GM_REREGISTER, /* operator, new config, or a hint */
};

static void register_anew(struct gikev2_member *member, int err, uint64_t now);
static void back_off(struct gikev2_member *member, int err, uint64_t now);
static void wait_for_other(struct gikev2_member *member, int err, uint64_t now);
static void registered(struct gikev2_member *member, int err, uint64_t now);
static void leave(struct gikev2_member *member, int err, uint64_t now);

#define ANY_STATE GIKEV2_GM_STATE_MAX

/*
 * "Receive Rekey" and "Add & Delete SAs" do not wait for anything: they are
 * what happens on the way back to the Key Table.  Keys live on in every state.
 */
static const struct gm_transition {
	enum gikev2_member_state state;
	enum gm_event event;
	void (*action)(struct gikev2_member *member, int err, uint64_t now);
	enum gikev2_member_state next;
} transitions[] = {
	{ GIKEV2_GM_IDLE, GM_KEYS_NEEDED, register_anew, GIKEV2_GM_PAIRWISE },
	{ GIKEV2_GM_WAIT, GM_TIMER, register_anew, GIKEV2_GM_PAIRWISE },
	{ GIKEV2_GM_WAIT, GM_REREGISTER, register_anew, GIKEV2_GM_PAIRWISE },
	{ GIKEV2_GM_PAIRWISE, GM_PAIRWISE_DONE, NULL, GIKEV2_GM_RECEIVE },
	{ GIKEV2_GM_PAIRWISE, GM_FAILED, back_off, GIKEV2_GM_WAIT },
	{ GIKEV2_GM_PAIRWISE, GM_OTHER_FIRST, wait_for_other, GIKEV2_GM_WAIT },
	{ GIKEV2_GM_PAIRWISE, GM_REREGISTER, register_anew,
	  GIKEV2_GM_PAIRWISE },
	{ GIKEV2_GM_RECEIVE, GM_SAS_RECEIVED, registered, GIKEV2_GM_KEY_TABLE },
	{ GIKEV2_GM_RECEIVE, GM_FAILED, back_off, GIKEV2_GM_WAIT },
	{ GIKEV2_GM_RECEIVE, GM_REREGISTER, register_anew, GIKEV2_GM_PAIRWISE },
	{ GIKEV2_GM_KEY_TABLE, GM_SERVER_LOST, back_off, GIKEV2_GM_WAIT },
	{ GIKEV2_GM_KEY_TABLE, GM_TIMER, register_anew, GIKEV2_GM_PAIRWISE },
	{ GIKEV2_GM_KEY_TABLE, GM_REREGISTER, register_anew,
	  GIKEV2_GM_PAIRWISE },
	{ ANY_STATE, GM_KEYS_NOT_NEEDED, leave, GIKEV2_GM_IDLE },
};

static void machine(struct gikev2_member *member, enum gm_event event, int err,
		    uint64_t now)
{
	const size_t count = sizeof(transitions) / sizeof(transitions[0]);

	for (size_t i = 0; i < count; i++) {
		const struct gm_transition *t = &transitions[i];

		if (t->event != event ||
		    (t->state != ANY_STATE && t->state != member->state))
			continue;
		/* first the state: the action may cause the next event */
		if (member->state != t->next)
			member->state_since = now;
		member->state = t->next;
		if (t->action)
			t->action(member, err, now);
		return;
	}
}

const char *gikev2_member_state_text(enum gikev2_member_state state)
{
	static const char *const texts[GIKEV2_GM_STATE_MAX] = {
		[GIKEV2_GM_IDLE] = "Idle",
		[GIKEV2_GM_WAIT] = "Waiting to register",
		[GIKEV2_GM_PAIRWISE] = "Pair-wise Key Generation",
		[GIKEV2_GM_RECEIVE] = "Receive SAs from KS",
		[GIKEV2_GM_KEY_TABLE] = "Key Table",
	};

	return state < GIKEV2_GM_STATE_MAX ? texts[state] : "?";
}

/* -------------------------------------------------------------------- rows */

static void arm_expiry(struct gikev2_member *member)
{
	uint64_t next = gikev2_rollover_next(&member->rows);
	uint64_t keks = gikev2_keks_next(&member->keks);

	gikev2_timer_set(&member->engine->timers, &member->expiry,
			 keks < next ? keks : next);
}

static void deliver(struct gikev2_member *member)
{
	struct gikev2 *engine = member->engine;

	engine->callbacks->keys(engine->arg, member->cookie, member->rows.row,
				member->rows.count);
	gikev2_member_keep(member);
	arm_expiry(member);
}

static void expiry_fire(void *owner, uint64_t now)
{
	struct gikev2_member *member = owner;

	/* without a Rekey SA only the server itself can help */
	if (gikev2_keks_expire(member, now) && !member->ike)
		machine(member, GM_SERVER_LOST, -GIKEV2_ERR_LIFETIME, now);
	if (!gikev2_rollover_expire(&member->rows, now)) {
		arm_expiry(member);
		return;
	}
	deliver(member);
	if (!member->rows.count)
		gikev2_event(member->engine, GIKEV2_EVENT_KEYS_EXPIRED,
			     -GIKEV2_ERR_LIFETIME, member->cookie, member->ike,
			     now);
}

/*
 * When to ask for keys by ourselves: between 85 and 95 per cent of what is
 * left, which is later than a server rolls.
 */
static void arm_soft_expiry(struct gikev2_member *member, uint64_t now)
{
	uint64_t rows = gikev2_rollover_last(&member->rows);
	const struct gikev2_kek *kek = &member->keks.now;
	uint64_t last = kek->alive && kek->end < rows ? kek->end : rows;
	uint64_t left = last > now ? last - now : 0;
	uint64_t tenth = left / 10;
	uint64_t wait = left / 5 * 4 + gikev2_jitter(member->engine, tenth);
	uint64_t back;

	if (wait < member->engine->params.retry_min)
		wait = member->engine->params.retry_min;
	wait += now;
	/* a server that is still dead takes its time to be tried */
	back = member->return_at > now ? member->return_at : now;
	if (back < wait && wait - back > RETURN_ROOM)
		wait = back;
	gikev2_timer_set(&member->engine->timers, &member->timer,
			 wait < member->recover_at ? wait : member->recover_at);
}

void gikev2_member_recover(struct gikev2_member *member, int err, uint64_t now)
{
	struct gikev2 *engine = member->engine;

	if (member->state != GIKEV2_GM_KEY_TABLE ||
	    member->recover_at != GIKEV2_NEVER)
		return;
	member->recover_err = err;
	member->recover_at =
		now + gikev2_spread(engine, engine->params.recovery_time);
	gikev2_timer_set(&engine->timers, &member->timer, member->recover_at);
	gikev2_event(engine, GIKEV2_EVENT_REKEY_LOST, err, member->cookie,
		     member->ike, now);
}

void gikev2_member_recovered(struct gikev2_member *member, int err,
			     uint64_t now)
{
	if (member->recover_at == GIKEV2_NEVER || member->recover_err != err)
		return;
	member->recover_at = GIKEV2_NEVER;
	arm_soft_expiry(member, now);
}

const struct gikev2_sender_ids *
gikev2_member_sender_ids(const struct gikev2_member *member)
{
	return &member->sender_ids;
}

struct gikev2_rows *gikev2_member_rows(struct gikev2_member *member)
{
	return &member->rows;
}

void gikev2_member_rekeyed(struct gikev2_member *member, bool news,
			   uint64_t now)
{
	deliver(member);
	if (member->state == GIKEV2_GM_KEY_TABLE)
		arm_soft_expiry(member, now);
	if (!news)
		return;
	member->rekeys++;
	member->engine->totals.rekeys_received++;
	member->last_rekey = now;
	gikev2_event(member->engine, GIKEV2_EVENT_REKEYED, 0, member->cookie,
		     member->ike, now);
}

/* The key server took the group's keys from us: obey, then ask again. */
void gikev2_member_excluded(struct gikev2_member *member, uint64_t now)
{
	struct gikev2 *engine = member->engine;

	gikev2_rows_wipe(&member->rows);
	gikev2_keks_drop(member);
	deliver(member);
	gikev2_event(engine, GIKEV2_EVENT_EXCLUDED, -GIKEV2_ERR_NOT_AUTHORIZED,
		     member->cookie, member->ike, now);
	/* after a random time, since all that were excluded come at once */
	if (member->state == GIKEV2_GM_KEY_TABLE)
		gikev2_timer_set(
			&engine->timers, &member->timer,
			now + gikev2_spread(engine,
					    engine->params.recovery_time));
}

void gikev2_member_cannot(struct gikev2_member *member, int err, uint64_t now)
{
	struct gikev2 *engine = member->engine;
	bool excluded = err == -GIKEV2_ERR_EXCLUDED;

	gikev2_event(engine,
		     excluded ? GIKEV2_EVENT_EXCLUDED
			      : GIKEV2_EVENT_POLICY_REFUSED,
		     err, member->cookie, member->ike, now);
	/* what we have lives on; registering anew tells what is the matter */
	gikev2_member_recover(member, err, now);
}

/* ----------------------------------------------------------------- actions */

/* Lets go of an SA, so that its end is no event here. */
static struct gikev2_ike *disown(struct gikev2_member *member,
				 struct gikev2_ike **place)
{
	struct gikev2_ike *ike = *place;

	*place = NULL;
	if (ike)
		gikev2_tie_cut(ike, member);
	return ike;
}

/* The same, and nobody needs it any more, unless other groups do. */
static void drop(struct gikev2_member *member, struct gikev2_ike **place,
		 uint64_t now)
{
	struct gikev2_ike *ike = disown(member, place);

	if (ike && !ike->ties)
		gikev2_ike_end(ike, -GIKEV2_ERR_REPLACED, now);
}

/* Of the server that is being asked; 0: it has none, or we have none. */
static uint16_t server_nat_port(const struct gikev2_member *member)
{
	uint16_t ours = member->engine->params.nat_port;
	uint16_t theirs = member->config.nat_ports[member->server];

	return ours && theirs ? theirs : ours;
}

static int start_attempt(struct gikev2_member *member, uint64_t now)
{
	const struct gikev2_endpoint *server =
		&member->config.servers[member->server];
	struct gikev2_path path = { .local = member->config.local,
				    .remote = *server };
	struct gikev2_ike *ike = gikev2_ike_new(member->engine, true, &path);
	int ret;

	if (!ike)
		return -GIKEV2_ERR_NO_MEMORY;
	ike->setup->nat_port = server_nat_port(member);
	ret = gikev2_tie_add(ike, member) ? gikev2_init_start(ike, now)
					  : -GIKEV2_ERR_NO_MEMORY;
	if (ret < 0) {
		gikev2_tie_cut(ike, member);
		gikev2_ike_end(ike, ret, now);
		return ret;
	}
	member->attempt = ike;
	return 0;
}

/* Where to look for groups that share an SA with this one; NULL: it does not. */
static struct gikev2_member *others(const struct gikev2_member *member)
{
	return member->config.realm ? member->engine->members : NULL;
}

/* Another group of ours that asks the same server, by the same credentials. */
static bool may_share(const struct gikev2_member *member,
		      const struct gikev2_member *other)
{
	const struct gikev2_member_config *a = &member->config;
	const struct gikev2_member_config *b = &other->config;

	return other != member && a->realm && a->realm == b->realm &&
	       gikev2_endpoint_equal(&a->servers[member->server],
				     &b->servers[other->server]) &&
	       gikev2_endpoint_equal(&a->local, &b->local) &&
	       gikev2_id_equal(&a->server_identity, &b->server_identity);
}

/* An SA that the member is registered over already is not asked again. */
static struct gikev2_ike *sa_to_share(const struct gikev2_member *member)
{
	struct gikev2_member *other = others(member);

	for (; other && !member->alone; other = other->next) {
		struct gikev2_ike *ike = other->ike;

		if (may_share(member, other) && ike && ike != member->ike &&
		    ike->state == GIKEV2_IKE_ESTABLISHED && ike->suite.kwa &&
		    !(ike->wants & GIKEV2_WANT_DELETE))
			return ike;
	}
	return NULL;
}

static bool other_first(const struct gikev2_member *member)
{
	struct gikev2_member *other = others(member);

	while (other && (!may_share(member, other) ||
			 (other->state != GIKEV2_GM_PAIRWISE &&
			  other->state != GIKEV2_GM_RECEIVE)))
		other = other->next;
	return other && !member->alone && !member->waited;
}

static int share(struct gikev2_member *member, struct gikev2_ike *ike,
		 uint64_t now)
{
	struct gikev2_tie *tie = gikev2_tie_add(ike, member);

	if (!tie)
		return -GIKEV2_ERR_NO_MEMORY;
	member->attempt = ike;
	machine(member, GM_PAIRWISE_DONE, 0, now);
	gikev2_tie_register(ike, tie, now);
	return 0;
}

static void wait_for_other(struct gikev2_member *member, int err, uint64_t now)
{
	struct gikev2 *engine = member->engine;

	(void)err;
	member->waited = true;
	gikev2_timer_set(&engine->timers, &member->timer,
			 now + engine->params.retry_min);
}

/* What they waited for has come, or will not. */
static void wake_others(const struct gikev2_member *member, uint64_t now)
{
	struct gikev2_member *other = others(member);

	for (; other; other = other->next)
		if (other->waited && other->state == GIKEV2_GM_WAIT &&
		    may_share(other, member))
			gikev2_timer_set(&member->engine->timers, &other->timer,
					 now);
}

static void register_anew(struct gikev2_member *member, int err, uint64_t now)
{
	struct gikev2_ike *ike;
	int ret;

	(void)err;
	member->recover_at = GIKEV2_NEVER;
	if (member->return_at <= now)
		member->server = 0;
	member->return_at = GIKEV2_NEVER;
	drop(member, &member->attempt, now);
	gikev2_timer_set(&member->engine->timers, &member->timer, GIKEV2_NEVER);
	ike = sa_to_share(member);
	if (!ike && other_first(member)) {
		machine(member, GM_OTHER_FIRST, 0, now);
		return;
	}
	ret = ike ? share(member, ike, now) : start_attempt(member, now);
	if (ret < 0)
		machine(member, GM_FAILED, gikev2_count(member->engine, ret),
			now);
}

/* Refusals that no repetition mends soon. */
static bool is_final(int err)
{
	return gikev2_err_to_notify(err) == GIKEV2_N_AUTHENTICATION_FAILED ||
	       err == -GIKEV2_ERR_NOT_AUTHORIZED ||
	       err == -GIKEV2_ERR_INVALID_GROUP;
}

/* The next server at once; when all had their turn, after a growing delay. */
static void back_off(struct gikev2_member *member, int err, uint64_t now)
{
	const struct gikev2_params *params = &member->engine->params;
	uint64_t most = err == -GIKEV2_ERR_TIMEOUT ? params->retry_lost
						   : params->retry_max;

	member->last_error = err;
	member->server++;
	if (member->server >= member->config.server_count) {
		member->server = 0;
		member->backoff *= 2;
	}
	if (member->backoff < params->retry_min)
		member->backoff = params->retry_min;
	if (member->backoff > most || (is_final(err) && member->server == 0))
		member->backoff = most;
	gikev2_timer_set(&member->engine->timers, &member->timer,
			 now + gikev2_jitter(member->engine, member->backoff));
}

/* For people: the SA may be closed before they ask. */
static void remember_proof(struct gikev2_member *member)
{
	const struct gikev2_ike *ike = member->ike;
	struct gikev2_proof_status *proof = &member->proof;

	*proof = (struct gikev2_proof_status){
		.own = ike->own_way,
		.peer = ike->peer_way,
		.ppk = ike->ppk,
		.ke = ike->suite.ke->name,
	};
	for (size_t n = 0; n < GIKEV2_ADDKE_MAX; n++)
		if (ike->suite.addke[n])
			proof->addke[proof->addke_count++] =
				ike->suite.addke[n]->name;
}

/* The first one in the list is where everybody is to be, as far as it lives. */
static void set_return(struct gikev2_member *member, uint64_t now)
{
	uint64_t time = member->engine->params.return_time;

	member->return_at = GIKEV2_NEVER;
	if (member->server && time)
		member->return_at = now + gikev2_jitter(member->engine, time);
}

static void registered(struct gikev2_member *member, int err, uint64_t now)
{
	(void)err;
	/* the server forgot the old SA when it took the new one */
	drop(member, &member->ike, now);
	member->ike = member->attempt;
	member->attempt = NULL;
	remember_proof(member);
	member->backoff = 0;
	member->waited = false;
	member->last_error = 0;
	member->registered_since = now;
	member->registrations++;
	set_return(member, now);
	member->engine->totals.registrations++;
	deliver(member);
	arm_soft_expiry(member, now);
	gikev2_event(member->engine, GIKEV2_EVENT_REGISTERED, 0, member->cookie,
		     member->ike, now);
	wake_others(member, now);
}

static void leave(struct gikev2_member *member, int err, uint64_t now)
{
	struct gikev2_ike *attempt = member->attempt, *ike = member->ike;

	(void)err;
	/* the server closed the SA; that of another group does as well */
	if (!ike && member->keks.now.alive)
		ike = sa_to_share(member);
	if (ike && !member->ike && !gikev2_tie_add(ike, member))
		ike = NULL;
	member->attempt = member->ike = NULL;
	if (attempt)
		gikev2_tie_leave(attempt, member, GIKEV2_N_REGISTRATION_FAILED,
				 now);
	if (ike)
		gikev2_tie_leave(ike, member, GIKEV2_N_REGISTRATION_FAILED,
				 now);
	wake_others(member, now);
	member->registered_since = 0;
	gikev2_timer_set(&member->engine->timers, &member->timer, GIKEV2_NEVER);
	gikev2_rows_wipe(&member->rows);
	gikev2_keks_drop(member);
	deliver(member);
}

/* ------------------------------------------------------ from the IKE SA side */

struct gikev2 *gikev2_member_engine(const struct gikev2_member *member)
{
	return member->engine;
}

bool gikev2_member_has_others(const struct gikev2_member *member)
{
	return member->config.server_count > 1;
}

struct gikev2_member *gikev2_member_next(const struct gikev2_member *member)
{
	return member->next;
}

struct gikev2_keks *gikev2_member_keks(struct gikev2_member *member)
{
	return &member->keks;
}

const struct gikev2_member_config *
gikev2_member_config(const struct gikev2_member *member)
{
	return &member->config;
}

void *gikev2_member_cookie(const struct gikev2_member *member)
{
	return member->cookie;
}

void gikev2_member_pairwise(struct gikev2_member *member, uint64_t now)
{
	machine(member, GM_PAIRWISE_DONE, 0, now);
}

void gikev2_member_downloaded(struct gikev2_member *member,
			      struct gikev2_download *download, uint64_t now)
{
	bool overtaken = false;

	gikev2_rollover_register(&member->rows, download, member->state_since,
				 now);
	member->sender_ids = download->sender_ids;
	/* it replaces all that was before (RFC 9838 section 2.3.3) */
	if (!download->kek.alive)
		gikev2_keks_drop(member);
	else
		overtaken = !gikev2_keks_set(member, download, now, now);
	machine(member, GM_SAS_RECEIVED, 0, now);
	if (overtaken)
		gikev2_member_recover(member, -GIKEV2_ERR_REKEY_LOST, now);
}

void gikev2_member_refuse(struct gikev2_member *member, struct gikev2_ike *ike,
			  int err, uint64_t now)
{
	gikev2_count(ike->engine, err);
	gikev2_event(ike->engine, GIKEV2_EVENT_POLICY_REFUSED, err,
		     member->cookie, ike, now);
	gikev2_tie_leave(ike, member, GIKEV2_N_NO_PROPOSAL_CHOSEN, now);
	gikev2_member_ended(member, ike, err, now);
}

void gikev2_member_turned_away(struct gikev2_member *member,
			       struct gikev2_ike *ike, int err, uint64_t now)
{
	if (ike != member->attempt || err != -GIKEV2_ERR_REGISTRATION_FAILED) {
		gikev2_member_ended(member, ike, err, now);
		return;
	}
	/* there may be one over an SA of its own */
	member->attempt = NULL;
	member->alone = true;
	machine(member, GM_REREGISTER, 0, now);
}

static void attempt_failed(struct gikev2_member *member, struct gikev2_ike *ike,
			   int err, uint64_t now)
{
	member->failures++;
	gikev2_event(member->engine, GIKEV2_EVENT_REGISTRATION_FAILED, err,
		     member->cookie, ike, now);
	/* said by a server that proved who it is: no authorization, no key */
	if (err == -GIKEV2_ERR_NOT_AUTHORIZED && member->rows.count)
		gikev2_member_excluded(member, now);
	machine(member, GM_FAILED, err, now);
	wake_others(member, now);
}

void gikev2_member_ended(struct gikev2_member *member, struct gikev2_ike *ike,
			 int err, uint64_t now)
{
	if (ike == member->attempt) {
		member->attempt = NULL;
		attempt_failed(member, ike, err, now);
	} else if (ike == member->ike) {
		member->ike = NULL;
		/* by convention the server closes it: the Rekey SA is enough */
		if (member->keks.now.alive && err == -GIKEV2_ERR_DELETED)
			return;
		member->registered_since = 0;
		member->last_error = err;
		gikev2_event(member->engine, GIKEV2_EVENT_SERVER_LOST, err,
			     member->cookie, ike, now);
		gikev2_rollover_end_endless(&member->rows, now);
		expiry_fire(member, now);
		machine(member, GM_SERVER_LOST, err, now);
	}
}

void gikev2_member_moved(struct gikev2_member *member,
			 const struct gikev2_ike *old, struct gikev2_ike *ike)
{
	/* after IKE_AUTH an attempt is established, and the group is not ours */
	if (member->attempt == old)
		member->attempt = ike;
	else
		member->ike = ike;
}

void gikev2_member_hint(struct gikev2_member *member, uint64_t now)
{
	if (member->state != GIKEV2_GM_KEY_TABLE || now < member->hint_next)
		return;
	member->hint_next = now + HINT_INTERVAL;
	/* by the timer: whoever came here is in the middle of a message */
	gikev2_timer_set(&member->engine->timers, &member->timer, now);
}

/* --------------------------------------------------------------- public API */

static void timer_fire(void *owner, uint64_t now)
{
	machine(owner, GM_TIMER, 0, now);
}

static void link_member(struct gikev2 *engine, struct gikev2_member *member)
{
	member->next = engine->members;
	if (member->next)
		member->next->prev = member;
	engine->members = member;
}

struct gikev2_member *
gikev2_member_add(struct gikev2 *engine, void *cookie,
		  const struct gikev2_member_config *config, uint64_t now)
{
	struct gikev2_member *member = calloc(1, sizeof(*member));

	if (!member)
		return NULL;
	member->engine = engine;
	member->cookie = cookie;
	member->config = *config;
	member->state_since = now;
	member->recover_at = member->return_at = GIKEV2_NEVER;
	if (gikev2_timer_init(&engine->timers, &member->timer, timer_fire,
			      member) < 0 ||
	    gikev2_timer_init(&engine->timers, &member->expiry, expiry_fire,
			      member) < 0) {
		gikev2_timer_fini(&engine->timers, &member->timer);
		free(member);
		return NULL;
	}
	link_member(engine, member);
	if (config->offer_count && config->server_count)
		machine(member, GM_KEYS_NEEDED, 0, now);
	gikev2_bury(engine);
	return member;
}

static bool servers_equal(const struct gikev2_member_config *a,
			  const struct gikev2_member_config *b)
{
	if (a->server_count != b->server_count ||
	    !gikev2_endpoint_equal(&a->local, &b->local))
		return false;
	for (size_t i = 0; i < a->server_count; i++)
		if (!gikev2_endpoint_equal(&a->servers[i], &b->servers[i]) ||
		    a->nat_ports[i] != b->nat_ports[i])
			return false;
	return true;
}

static bool offers_equal(const struct gikev2_member_config *a,
			 const struct gikev2_member_config *b)
{
	if (a->offer_count != b->offer_count)
		return false;
	for (size_t i = 0; i < a->offer_count; i++)
		if (a->offers[i].protocol != b->offers[i].protocol ||
		    a->offers[i].algorithms != b->offers[i].algorithms)
			return false;
	return true;
}

void gikev2_member_update(struct gikev2_member *member,
			  const struct gikev2_member_config *config,
			  uint64_t now)
{
	bool same_group =
		gikev2_id_equal(&member->config.group, &config->group);
	bool same_servers = servers_equal(&member->config, config);
	bool same = same_group && same_servers &&
		    member->config.ike_auth == config->ike_auth &&
		    member->config.realm == config->realm &&
		    offers_equal(&member->config, config) &&
		    gikev2_id_equal(&member->config.server_identity,
				    &config->server_identity);

	if (same)
		return;
	/* keys of another group are not ours to keep */
	if (!same_group)
		machine(member, GM_KEYS_NOT_NEEDED, -GIKEV2_ERR_ADMIN, now);
	member->config = *config;
	member->alone = false;
	if (!same_servers)
		member->server = 0;
	/* one that has not begun has kept keys to lose, and nobody to tell */
	if (!config->offer_count || !config->server_count) {
		if (member->state != GIKEV2_GM_IDLE)
			machine(member, GM_KEYS_NOT_NEEDED, -GIKEV2_ERR_ADMIN,
				now);
	} else if (member->state == GIKEV2_GM_IDLE)
		machine(member, GM_KEYS_NEEDED, 0, now);
	else
		machine(member, GM_REREGISTER, 0, now);
	gikev2_bury(member->engine);
}

void gikev2_member_reregister(struct gikev2_member *member, uint64_t now)
{
	machine(member, GM_REREGISTER, 0, now);
	gikev2_bury(member->engine);
}

/* Without a word to the server. */
void gikev2_member_free(struct gikev2_member *member)
{
	struct gikev2 *engine = member->engine;

	disown(member, &member->attempt);
	disown(member, &member->ike);
	gikev2_keks_drop(member);
	if (member->prev)
		member->prev->next = member->next;
	else
		engine->members = member->next;
	if (member->next)
		member->next->prev = member->prev;
	gikev2_timer_fini(&engine->timers, &member->timer);
	gikev2_timer_fini(&engine->timers, &member->expiry);
	explicit_bzero(member, sizeof(*member));
	free(member);
}

void gikev2_member_del(struct gikev2_member *member, uint64_t now)
{
	struct gikev2 *engine = member->engine;

	machine(member, GM_KEYS_NOT_NEEDED, -GIKEV2_ERR_ADMIN, now);
	gikev2_member_free(member);
	gikev2_bury(engine);
}

void gikev2_member_get_status(const struct gikev2_member *member,
			      struct gikev2_member_status *status)
{
	const struct gikev2_ike *ike = member->ike ? member->ike
						   : member->attempt;

	*status = (struct gikev2_member_status){
		.state = member->state,
		.state_since = member->state_since,
		.registered_since = member->registered_since,
		.next_try = member->timer.slot ? member->timer.at
					       : GIKEV2_NEVER,
		.last_rekey = member->last_rekey,
		.registrations = member->registrations,
		.failures = member->failures,
		.rekeys = member->rekeys,
		.last_error = member->last_error,
		.server_identity = ike ? ike->peer : NULL,
		.proof = member->proof,
		.rows = member->rows.row,
		.row_count = member->rows.count,
	};
	gikev2_kek_status(&member->keks.now, &status->rekey);
	if (ike)
		status->server = ike->path.remote;
	else if (member->config.server_count)
		status->server = member->config.servers[member->server];
}
