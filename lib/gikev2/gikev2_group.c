// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Key server: the slides' GCKS state machine, for one group.
 */
#include <stdlib.h>
#include <string.h>

#include "gikev2/gikev2_generation.h"
#include "gikev2/gikev2_int.h"

/* What a roll needs beside DTD to reach everybody, in seconds. */
#define ROLL_SLACK 10

struct gikev2_group {
	struct gikev2 *engine;
	struct gikev2_group *prev, *next;
	void *cookie;
	struct gikev2_group_config config;
	struct gikev2_generations generations;
	struct gikev2_ike *members;
	uint32_t member_count;
	struct gikev2_timer timer; /* the next roll, or a generation's end */
	struct gikev2_rows shown;  /* for status */
	uint8_t state;		   /* enum ks_state */
};

/* ------------------------------------------------------------ state machine */

enum ks_state {
	KS_IDLE,
	KS_AUTHORIZE,	   /* Authenticate and Authorize Peer */
	KS_ADD_DELETE_GM,  /* Add & Delete SAs for registering GM */
	KS_ADD_DELETE,	   /* Add & Delete SAs by policy */
};

enum ks_event {
	KS_NONE, /* wait */
	KS_PEER, /* authenticated, and asks for the group */
	KS_OK,
	KS_REFUSED,
	KS_POLICY, /* a roll is due, or asked for */
};

/* What is being worked on. */
struct ks_work {
	struct gikev2_ike *ike;
	struct gikev2_rx *rx;
	struct gikev2_payloads *answer;
	uint64_t atd, dtd; /* of the roll, microseconds */
	uint64_t now;
	int err;
};

static enum ks_event authorize(struct gikev2_group *group, struct ks_work *work);
static enum ks_event add_for_member(struct gikev2_group *group,
				    struct ks_work *work);
static enum ks_event add_by_policy(struct gikev2_group *group,
				   struct ks_work *work);
static enum ks_event send_rekey(struct gikev2_group *group,
				struct ks_work *work);
static enum ks_event done(struct gikev2_group *group, struct ks_work *work);

/*
 * No state but Idle waits for anything: a message or a timer runs through the
 * table until it is Idle again.
 */
static const struct {
	enum ks_state state;
	enum ks_event event;
	enum ks_event (*action)(struct gikev2_group *group,
				struct ks_work *work);
	enum ks_state next;
} transitions[] = {
	{ KS_IDLE, KS_PEER, authorize, KS_AUTHORIZE },
	{ KS_AUTHORIZE, KS_OK, add_for_member, KS_ADD_DELETE_GM },
	{ KS_AUTHORIZE, KS_REFUSED, done, KS_IDLE },
	{ KS_ADD_DELETE_GM, KS_OK, done, KS_IDLE }, /* GSA_AUTH message 2 */
	{ KS_ADD_DELETE_GM, KS_REFUSED, done, KS_IDLE },
	{ KS_IDLE, KS_POLICY, add_by_policy, KS_ADD_DELETE },
	{ KS_ADD_DELETE, KS_OK, send_rekey, KS_IDLE },
	{ KS_ADD_DELETE, KS_REFUSED, done, KS_IDLE },
};

static int run(struct gikev2_group *group, enum ks_event event,
	       struct ks_work *work)
{
	const size_t count = sizeof(transitions) / sizeof(transitions[0]);

	while (event != KS_NONE) {
		size_t i = 0;

		while (i < count && (transitions[i].state != group->state ||
				     transitions[i].event != event))
			i++;
		if (i == count)
			return -GIKEV2_ERR_BAD_STATE;
		group->state = transitions[i].next;
		event = transitions[i].action(group, work);
	}
	return work->err;
}

static enum ks_event done(struct gikev2_group *group, struct ks_work *work)
{
	(void)group;
	(void)work;
	return KS_NONE;
}

/* ----------------------------------------------------------------- deadlines */

uint32_t gikev2_group_lifetime_min(const struct gikev2_group_config *config)
{
	return 2 * (config->dtd + ROLL_SLACK);
}

static uint64_t lifetime(const struct gikev2_group *group)
{
	uint32_t shortest = UINT32_MAX;

	for (size_t i = 0; i < group->config.protocol_count; i++)
		if (group->config.protocols[i].lifetime < shortest)
			shortest = group->config.protocols[i].lifetime;
	return shortest * GIKEV2_SECOND;
}

/* At 80 per cent of the lifetime, or earlier when DTD needs it. */
static uint64_t next_roll(struct gikev2_group *group)
{
	uint64_t margin = lifetime(group) / 5;
	uint64_t needed = (group->config.dtd + ROLL_SLACK) * GIKEV2_SECOND;

	return gikev2_youngest(&group->generations)->created + lifetime(group) -
	       (margin > needed ? margin : needed);
}

static void arm(struct gikev2_group *group)
{
	uint64_t roll = next_roll(group);
	uint64_t end = gikev2_generations_next(&group->generations);

	gikev2_timer_set(&group->engine->timers, &group->timer,
			 roll < end ? roll : end);
}

static int roll(struct gikev2_group *group, uint64_t now)
{
	struct ks_work work = {
		.now = now,
		.atd = group->config.atd * GIKEV2_SECOND,
		.dtd = group->config.dtd * GIKEV2_SECOND,
	};

	return run(group, KS_POLICY, &work);
}

static void timer_fire(void *owner, uint64_t now)
{
	struct gikev2_group *group = owner;
	int ret = 0;

	gikev2_generations_expire(&group->generations, now);
	if (next_roll(group) <= now)
		ret = roll(group, now);
	if (ret < 0) {
		/* out of randomness or room: the keys live on meanwhile */
		gikev2_count(group->engine, ret);
		gikev2_timer_set(&group->engine->timers, &group->timer,
				 now + GIKEV2_SECOND);
		return;
	}
	arm(group);
}

/* --------------------------------------------------- Add & Delete by policy */

static enum ks_event add_by_policy(struct gikev2_group *group,
				   struct ks_work *work)
{
	gikev2_generations_expire(&group->generations, work->now);
	work->err = gikev2_generation_add(group->engine, &group->generations,
					  &group->config, work->atd, work->dtd,
					  work->now);
	if (work->err < 0)
		return KS_REFUSED;
	arm(group);
	return KS_OK;
}

static enum ks_event send_rekey(struct gikev2_group *group,
				struct ks_work *work)
{
	struct gikev2_ike *ike, *next;

	for (ike = group->members; ike; ike = next) {
		next = ike->group_next;
		gikev2_want(ike, GIKEV2_WANT_REKEY, work->now);
	}
	if (group->generations.count > 1)
		gikev2_event(group->engine, GIKEV2_EVENT_ROLLED, 0,
			     group->cookie, NULL, work->now);
	return KS_NONE;
}

/* ------------------------------------------------------------ what is sent */

/* Rows for a member, of generations after `after`. */
static size_t collect(struct gikev2_group *group, uint32_t offered,
		      uint64_t after, const struct keytable_row **rows)
{
	size_t count = 0;

	for (size_t i = 0; i < group->generations.count; i++) {
		struct gikev2_generation *gen = &group->generations.gen[i];

		for (size_t j = 0; gen->number > after && j < gen->count; j++)
			if (offered & gikev2_offered_bit(gen->row[j].protocol))
				rows[count++] = &gen->row[j];
	}
	return count;
}

static uint16_t left(uint64_t until, uint64_t now)
{
	uint64_t seconds = until <= now ? 0
					: (until - now + GIKEV2_SECOND - 1) /
						  GIKEV2_SECOND;

	return seconds > UINT16_MAX ? UINT16_MAX : seconds;
}

/* ATD and DTD of the youngest roll, as far as they have not passed. */
static struct gikev2_delays delays(struct gikev2_group *group, uint64_t now)
{
	const struct gikev2_generation *gen =
		gikev2_youngest(&group->generations);
	struct gikev2_delays result = {
		.atd = left(gen->atd_end, now),
		.dtd = left(gen->dtd_end, now),
	};

	result.has_atd = result.atd > 0;
	result.has_dtd = result.dtd > 0;
	/* rounding up may not bring them together */
	if (result.has_dtd && result.dtd < result.atd + 2)
		result.dtd = result.atd + 2;
	return result;
}

/* D for what is replaced: members by our profile need none, others do. */
static int add_deletes(struct gikev2_group *group, struct gikev2_ike *ike,
		       struct gikev2_payloads *tx)
{
	for (size_t i = 0; i < group->generations.count; i++) {
		struct gikev2_generation *gen = &group->generations.gen[i];

		for (size_t j = 0; j < gen->count; j++) {
			const struct keytable_protocol *protocol =
				keytable_protocol_by_wire(gen->row[j].protocol);
			struct gikev2_payload *payload;
			uint8_t *spi;

			if (gen->number > ike->acked ||
			    !(ike->offered &
			      gikev2_offered_bit(protocol->wire)))
				continue;
			spi = gikev2_arena_alloc(&group->engine->arena,
						 protocol->spi_size);
			if (!spi)
				return -GIKEV2_ERR_NO_MEMORY;
			gikev2_put_int(spi, gen->row[j].id, protocol->spi_size);
			payload = gikev2_payload_add(tx, GIKEV2_PLD_DELETE);
			payload->delete.protocol = protocol->wire;
			payload->delete.spi_size = protocol->spi_size;
			payload->delete.count = 1;
			payload->delete.spis = (struct gikev2_chunk){
				spi, protocol->spi_size };
		}
	}
	return 0;
}

/* GSA_INBAND_REKEY with all that this member has not acknowledged yet. */
int gikev2_group_send_rekey(struct gikev2_ike *ike, uint64_t now)
{
	struct gikev2_group *group = ike->group;
	const struct keytable_row *rows[KEYTABLE_ROWS_MAX];
	struct gikev2_payloads *tx = gikev2_tx(ike->engine);
	struct gikev2_delays wait;
	size_t count;
	int ret;

	if (!group)
		return 0;
	wait = delays(group, now);
	count = collect(group, ike->offered, ike->acked, rows);
	ike->sent = gikev2_youngest(&group->generations)->number;
	if (!count) {
		ike->acked = ike->sent;
		return 0;
	}
	ret = gikev2_policy_add(ike, tx, rows, count, &wait, now);
	if (ret == 0)
		ret = add_deletes(group, ike, tx);
	if (ret == 0)
		ret = gikev2_request(ike, GIKEV2_GSA_INBAND_REKEY, tx, now);
	if (ret == 0)
		ike->engine->totals.rekeys_sent++;
	return ret;
}

int gikev2_group_acknowledged(struct gikev2_ike *ike, struct gikev2_rx *rx)
{
	struct gikev2_group *group = ike->group;

	if (!group)
		return 0;
	ike->acked = ike->sent;
	gikev2_event(ike->engine, GIKEV2_EVENT_MEMBER_ACKNOWLEDGED, 0,
		     group->cookie, ike, rx->now);
	if (ike->acked < gikev2_youngest(&group->generations)->number)
		gikev2_want(ike, GIKEV2_WANT_REKEY, rx->now);
	return 0;
}

/* ------------------------------------------------------------- registration */

static enum ks_event authorize(struct gikev2_group *group, struct ks_work *work)
{
	struct gikev2 *engine = group->engine;
	struct gikev2_ike *ike = work->ike;
	const struct gikev2_payload *sag =
		gikev2_payload_find(work->rx->payloads, GIKEV2_PLD_SA);

	work->err = engine->callbacks->authorize(engine->arg, group->cookie,
						 ike->peer);
	/* the profile's numbers are for those who know them */
	if (work->err == 0 && !ike->profile)
		work->err = -GIKEV2_ERR_NO_PROPOSAL;
	if (work->err == 0)
		work->err = gikev2_sag_match(sag ? &sag->sa : NULL,
					     &group->config, &ike->offered);
	return work->err < 0 ? KS_REFUSED : KS_OK;
}

/* A member that registers again has forgotten its older SA. */
static void end_older(struct gikev2_group *group, struct gikev2_ike *newer,
		      uint64_t now)
{
	struct gikev2_ike *ike, *next;

	for (ike = group->members; ike; ike = next) {
		next = ike->group_next;
		if (ike != newer && gikev2_id_equal(ike->peer, newer->peer))
			gikev2_ike_end(ike, -GIKEV2_ERR_REPLACED, now);
	}
}

static void link_ike(struct gikev2_group *group, struct gikev2_ike *ike)
{
	ike->group = group;
	ike->group_next = group->members;
	if (ike->group_next)
		ike->group_next->group_prev = ike;
	group->members = ike;
	group->member_count++;
}

static enum ks_event add_for_member(struct gikev2_group *group,
				    struct ks_work *work)
{
	const struct keytable_row *rows[KEYTABLE_ROWS_MAX];
	struct gikev2_ike *ike = work->ike;
	struct gikev2_delays wait;
	size_t count;

	gikev2_generations_expire(&group->generations, work->now);
	wait = delays(group, work->now);
	count = collect(group, ike->offered, 0, rows);
	work->err = gikev2_policy_add(ike, work->answer, rows, count, &wait,
				      work->now);
	if (work->err < 0)
		return KS_REFUSED;
	end_older(group, ike, work->now);
	link_ike(group, ike);
	ike->acked = ike->sent = gikev2_youngest(&group->generations)->number;
	group->engine->totals.registrations++;
	gikev2_event(group->engine, GIKEV2_EVENT_MEMBER_REGISTERED, 0,
		     group->cookie, ike, work->now);
	return KS_OK;
}

/* An authenticated peer asks to join: adds GSA and KD to the answer. */
int gikev2_group_join(struct gikev2_group *group, struct gikev2_ike *ike,
		      struct gikev2_rx *rx, struct gikev2_payloads *answer)
{
	struct ks_work work = {
		.ike = ike, .rx = rx, .answer = answer, .now = rx->now
	};

	return run(group, KS_PEER, &work);
}

/* The SA is ending, or leaves the group. */
void gikev2_group_leave(struct gikev2_ike *ike, int err, uint64_t now)
{
	struct gikev2_group *group = ike->group;

	if (ike->group_prev)
		ike->group_prev->group_next = ike->group_next;
	else
		group->members = ike->group_next;
	if (ike->group_next)
		ike->group_next->group_prev = ike->group_prev;
	ike->group_prev = ike->group_next = NULL;
	ike->group = NULL;
	group->member_count--;
	gikev2_event(group->engine, GIKEV2_EVENT_MEMBER_GONE, err,
		     group->cookie, ike, now);
}

/* GSA_REGISTRATION{IDg, N}: leaves, or cannot follow the policy. */
int gikev2_group_unregister(struct gikev2_ike *ike, struct gikev2_rx *rx)
{
	const struct gikev2_pld_notify *notify =
		gikev2_notify_error(rx->payloads);
	const struct gikev2_pld_id *idg =
		&gikev2_payload_find(rx->payloads, GIKEV2_PLD_IDG)->id;

	if (!notify)
		return -GIKEV2_ERR_BAD_PAYLOADS;
	if (ike->group && ike->group == gikev2_group_find(ike->engine, idg))
		gikev2_group_leave(ike, gikev2_err_from_notify(notify->type),
				   rx->now);
	return gikev2_respond_notify(ike, rx, 0, NULL, 0);
}

/* --------------------------------------------------------------- public API */

struct gikev2_group *gikev2_group_find(struct gikev2 *engine,
				       const struct gikev2_pld_id *id)
{
	struct gikev2_group *group;

	for (group = engine->groups; group; group = group->next)
		if (group->config.id.type == id->type &&
		    group->config.id.len == id->data.len &&
		    memcmp(group->config.id.data, id->data.ptr,
			   id->data.len) == 0)
			return group;
	return NULL;
}

void *gikev2_group_cookie(const struct gikev2_group *group)
{
	return group->cookie;
}

static bool config_valid(const struct gikev2_group_config *config)
{
	if (!config->protocol_count || config->dtd <= config->atd + 1)
		return false;
	for (size_t i = 0; i < config->protocol_count; i++) {
		const struct gikev2_group_protocol *p = &config->protocols[i];
		const struct keytable_protocol *protocol =
			keytable_protocol_by_wire(p->protocol);

		if (!protocol || !keytable_key_len(protocol, p->algorithm) ||
		    p->lifetime < gikev2_group_lifetime_min(config))
			return false;
	}
	return true;
}

/*
 * The first generation.  We may have served this group before, and its
 * members may hold keys that we know nothing of: the delays give them time to
 * come and fetch these.  Who holds none starts at once.
 */
static int first_generation(struct gikev2_group *group, uint64_t now)
{
	uint64_t span =
		(group->config.dtd - group->config.atd) * GIKEV2_SECOND;
	uint64_t room = lifetime(group) / 2 - span;
	struct ks_work work = { .now = now,
				.atd = group->engine->params.restart_time };

	if (work.atd > room)
		work.atd = room;
	if (work.atd)
		work.dtd = work.atd + span;
	return run(group, KS_POLICY, &work);
}

struct gikev2_group *gikev2_group_add(struct gikev2 *engine, void *cookie,
				      const struct gikev2_group_config *config,
				      uint64_t now)
{
	struct gikev2_pld_id id = { config->id.type,
				    gikev2_id_chunk(&config->id) };
	struct gikev2_group *group;

	if (!config_valid(config) || gikev2_group_find(engine, &id))
		return NULL;
	group = calloc(1, sizeof(*group));
	if (!group)
		return NULL;
	group->engine = engine;
	group->cookie = cookie;
	group->config = *config;
	if (gikev2_timer_init(&engine->timers, &group->timer, timer_fire,
			      group) < 0 ||
	    first_generation(group, now) < 0) {
		gikev2_timer_fini(&engine->timers, &group->timer);
		free(group);
		return NULL;
	}
	group->next = engine->groups;
	if (group->next)
		group->next->prev = group;
	engine->groups = group;
	return group;
}

static bool protocols_equal(const struct gikev2_group_config *a,
			    const struct gikev2_group_config *b)
{
	if (a->protocol_count != b->protocol_count)
		return false;
	for (size_t i = 0; i < a->protocol_count; i++)
		if (a->protocols[i].protocol != b->protocols[i].protocol ||
		    a->protocols[i].algorithm != b->protocols[i].algorithm)
			return false;
	return true;
}

int gikev2_group_update(struct gikev2_group *group,
			const struct gikev2_group_config *config, uint64_t now)
{
	bool same_id = gikev2_id_equal(&group->config.id, &config->id);
	bool same = protocols_equal(&group->config, config);
	int ret = 0;

	if (!config_valid(config) || !same_id)
		return -GIKEV2_ERR_BAD_POLICY;
	group->config = *config;
	if (same)
		arm(group);
	else
		ret = gikev2_group_rekey(group, now);
	return ret;
}

int gikev2_group_rekey(struct gikev2_group *group, uint64_t now)
{
	int ret = roll(group, now);

	if (ret < 0)
		gikev2_count(group->engine, ret);
	gikev2_bury(group->engine);
	return ret;
}

/* Without a word to the members. */
void gikev2_group_free(struct gikev2_group *group)
{
	struct gikev2 *engine = group->engine;

	for (struct gikev2_ike *ike = group->members; ike;
	     ike = ike->group_next)
		ike->group = NULL;
	if (group->prev)
		group->prev->next = group->next;
	else
		engine->groups = group->next;
	if (group->next)
		group->next->prev = group->prev;
	gikev2_timer_fini(&engine->timers, &group->timer);
	gikev2_generations_wipe(&group->generations);
	explicit_bzero(group, sizeof(*group));
	free(group);
}

void gikev2_group_del(struct gikev2_group *group, uint64_t now)
{
	struct gikev2 *engine = group->engine;

	while (group->members)
		gikev2_ike_delete(group->members, -GIKEV2_ERR_ADMIN, now);
	gikev2_group_free(group);
	gikev2_bury(engine);
}

static void fill_rows(struct gikev2_group *group)
{
	struct gikev2_rows *shown = &group->shown;

	gikev2_rows_wipe(shown);
	for (size_t i = 0; i < group->generations.count; i++)
		for (size_t j = 0; j < group->generations.gen[i].count; j++)
			shown->row[shown->count++] =
				group->generations.gen[i].row[j];
}

void gikev2_group_get_status(struct gikev2_group *group, uint64_t now,
			     struct gikev2_group_status *status)
{
	const struct gikev2_generation *gen;

	gikev2_generations_expire(&group->generations, now);
	gen = gikev2_youngest(&group->generations);
	fill_rows(group);
	*status = (struct gikev2_group_status){
		.generation = gen->number,
		.created = gen->created,
		.atd_end = gen->atd_end,
		.dtd_end = gen->dtd_end,
		.next_roll = next_roll(group),
		.members = group->member_count,
		.rows = group->shown.row,
		.row_count = group->shown.count,
	};
	for (struct gikev2_ike *ike = group->members; ike;
	     ike = ike->group_next)
		status->pending += ike->acked < gen->number;
}

void gikev2_group_members(const struct gikev2_group *group,
			  bool (*visit)(void *arg,
					const struct gikev2_group_member_status *),
			  void *arg)
{
	for (struct gikev2_ike *ike = group->members; ike;
	     ike = ike->group_next) {
		struct gikev2_group_member_status status = {
			.identity = ike->peer,
			.path = ike->path,
			.registered_since = ike->established,
			.last_seen = ike->last_seen,
			.generation = ike->acked,
		};

		if (!visit(arg, &status))
			return;
	}
}

size_t gikev2_group_clear_member(struct gikev2_group *group,
				 const struct gikev2_id *identity, uint64_t now)
{
	struct gikev2_ike *ike, *next;
	size_t count = 0;

	for (ike = group->members; ike; ike = next) {
		next = ike->group_next;
		if (!gikev2_id_equal(ike->peer, identity))
			continue;
		gikev2_ike_delete(ike, -GIKEV2_ERR_ADMIN, now);
		count++;
	}
	gikev2_bury(group->engine);
	return count;
}
