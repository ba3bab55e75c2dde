// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Key server: the slides' GCKS state machine, for one group.
 */
#include <stdlib.h>
#include <string.h>

#include "gikev2/gikev2_admission.h"
#include "gikev2/gikev2_group.h"
#include "gikev2/gikev2_sender.h"
#include "gikev2/gikev2_state.h"
#include "gikev2/gikev2_wait.h"

/* What a roll needs beside DTD to reach everybody, in seconds. */
#define ROLL_SLACK 10

/* Of SAs with a single sender, in seconds: room for 136 packets in each. */
#define YEAR (365 * 86400)

/* ------------------------------------------------------------ state machine */

enum ks_state {
	KS_IDLE,
	KS_AUTHORIZE,	  /* Authenticate and Authorize Peer */
	KS_ADD_DELETE_GM, /* Add & Delete SAs for registering GM */
	KS_ADD_DELETE,	  /* Add & Delete SAs by policy */
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
	struct gikev2_abilities can;
	uint64_t wait;	   /* for members that do not answer, microseconds */
	uint64_t atd, dtd; /* of the roll, that included, microseconds */
	bool at_once;	   /* the older keys end without delay */
	bool urgent;	   /* whatever else is going on */
	uint64_t now;
	int err;
	bool receiver; /* the peer may not send */
};

static enum ks_event authorize(struct gikev2_group *group,
			       struct ks_work *work);
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

static uint64_t shortest_lifetime(const struct gikev2_group_config *config)
{
	uint32_t shortest = UINT32_MAX;

	for (size_t i = 0; i < config->protocol_count; i++) {
		const struct gikev2_group_protocol *p = &config->protocols[i];

		if (p->lifetime < shortest)
			shortest = p->lifetime;
		/* before 2^32 packets were sent (RFC 9838 section 2.6) */
		if (p->per_sender && shortest > YEAR)
			shortest = YEAR;
	}
	return shortest * GIKEV2_SECOND;
}

static uint64_t lifetime(const struct gikev2_group *group)
{
	return shortest_lifetime(&group->config);
}

/*
 * A roll takes twice the wait: all may have to wait for one, and that one then
 * counts its own delays.  It has half a lifetime, and DTD has 16 bits.
 */
uint64_t gikev2_group_wait_room(const struct gikev2_group_config *config)
{
	uint64_t room = shortest_lifetime(config) / GIKEV2_SECOND / 2;
	uint32_t taken = config->dtd + ROLL_SLACK;

	if (room > UINT16_MAX)
		room = UINT16_MAX;
	return room > taken ? (room - taken) / 2 * GIKEV2_SECOND : 0;
}

/*
 * Up to a twentieth of the lifetime, so that groups which were made together do
 * not roll together.  It follows from what survives a restart.
 */
static uint64_t roll_jitter(const struct gikev2_group *group,
			    const struct gikev2_generation *gen)
{
	uint64_t part = gikev2_id_hash(&group->config.id, gen->number) % 1024;

	return lifetime(group) / 20 / 1024 * part;
}

/* At 75 to 80 per cent of the lifetime, or earlier when DTD needs it. */
static uint64_t next_roll(struct gikev2_group *group)
{
	const struct gikev2_generation *gen =
		gikev2_youngest(&group->generations);
	uint64_t margin = lifetime(group) / 5 + roll_jitter(group, gen), end;
	uint64_t needed = (group->config.dtd + ROLL_SLACK) * GIKEV2_SECOND +
			  2 * gikev2_wait_time(group);

	end = gen->created + lifetime(group);
	for (size_t i = 0; i < gen->count; i++)
		if (gen->row[i].accept_end < end)
			end = gen->row[i].accept_end;
	if (needed > margin)
		margin = needed;
	return end > margin ? end - margin : 0;
}

void gikev2_group_arm(struct gikev2_group *group)
{
	uint64_t at = next_roll(group);
	uint64_t end = gikev2_generations_next(&group->generations);
	uint64_t rekey_sa = gikev2_multicast_next(group);
	uint64_t wait = gikev2_wait_next(group);

	if (end < at)
		at = end;
	if (wait < at)
		at = wait;
	if (rekey_sa < at)
		at = rekey_sa;
	if (group->settle_at && group->settle_at < at)
		at = group->settle_at;
	if (group->clear_wanted || group->tell_wanted)
		at = 0;
	gikev2_timer_set(&group->engine->timers, &group->timer, at);
}

bool gikev2_group_unsure(const struct gikev2_group *group, uint64_t now)
{
	const struct gikev2_gm *gm = group->gms.first;

	if (group->generations.unsure_atd <= now)
		return false;
	while (gm && !gm->past)
		gm = gm->next;
	return gm;
}

uint64_t gikev2_group_atd_end(struct gikev2_group *group, uint64_t wait,
			      uint64_t now)
{
	uint64_t end = now + wait + group->config.atd * GIKEV2_SECOND;
	uint64_t unsure = group->generations.unsure_atd;

	return end < unsure && gikev2_group_unsure(group, now) ? unsure : end;
}

int gikev2_group_roll(struct gikev2_group *group, bool urgent, uint64_t now)
{
	bool alone = !gikev2_group_inband(group) || !group->gms.count;
	uint64_t wait = urgent || alone ? 0 : gikev2_wait_time(group);
	uint64_t span = (group->config.dtd - group->config.atd) * GIKEV2_SECOND;
	uint64_t atd = gikev2_group_atd_end(group, wait, now) - now;
	struct ks_work work = {
		.now = now,
		.wait = wait,
		.atd = atd,
		.dtd = atd + span + wait,
		/* but members may hold, and send with, keys that we do not know */
		.at_once = urgent && !gikev2_group_unsure(group, now),
		.urgent = urgent,
	};
	int ret;

	ret = run(group, KS_POLICY, &work);
	if (ret == 0)
		group->roll_wanted = group->roll_urgent = false;
	return ret;
}

/*
 * Out of Sender-IDs: everybody goes, comes again, and finds SAs that no
 * Sender-ID was ever used with (RFC 9838 section 2.5.1).
 */
static int clear(struct gikev2_group *group, uint64_t now)
{
	struct gikev2_plan plan;
	struct gikev2_gm *gm;
	int ret = gikev2_multicast_clear(group, now);

	for (gm = group->gms.first; ret == 0 && gm; gm = gm->next) {
		gm->cleared = true;
		gikev2_gm_changed(gm);
	}
	if (ret == 0)
		ret = gikev2_plan_make(group, NULL, now, &plan);
	if (ret == 0)
		ret = gikev2_generations_restart(
			group->engine, &group->generations, &plan, now);
	if (ret < 0)
		return ret;
	group->next_sender_id = 0;
	group->clear_wanted = group->tell_wanted = false;
	group->unsaved = true;
	gikev2_tell_inband(group, now);
	gikev2_event(group->engine, GIKEV2_EVENT_CLEARED, -GIKEV2_ERR_SENDER_ID,
		     group->cookie, NULL, now);
	return 0;
}

void gikev2_group_changed(struct gikev2_group *group, uint64_t now)
{
	group->tell_wanted = true;
	group->unsaved = true;
	gikev2_timer_set(&group->engine->timers, &group->timer, now);
}

void gikev2_group_clear(struct gikev2_group *group, uint64_t now)
{
	group->clear_wanted = true;
	group->unsaved = true;
	gikev2_timer_set(&group->engine->timers, &group->timer, now);
}

static void timer_fire(void *owner, uint64_t now)
{
	struct gikev2_group *group = owner;
	int ret = 0;

	gikev2_generations_expire(&group->generations, now);
	if (group->settle_at && group->settle_at <= now) {
		group->settle_at = 0;
		if (!gikev2_group_up_to_date(group))
			group->roll_wanted = true;
	}
	if (group->clear_wanted)
		ret = clear(group, now);
	if (ret == 0 && group->tell_wanted)
		ret = gikev2_tell(group, now);
	if (ret == 0 && gikev2_wait_next(group) <= now)
		ret = gikev2_wait_run(group, now);
	if (ret == 0 && gikev2_multicast_next(group) <= now)
		ret = gikev2_multicast_roll(group, now);
	if (ret == 0 && (group->roll_wanted || next_roll(group) <= now))
		ret = gikev2_group_roll(group, group->roll_urgent, now);
	if (ret < 0) {
		/* out of randomness or room: the keys live on meanwhile */
		gikev2_count(group->engine, ret);
		gikev2_timer_set(&group->engine->timers, &group->timer,
				 now + GIKEV2_SECOND);
		return;
	}
	gikev2_group_arm(group);
}

/* --------------------------------------------------- Add & Delete by policy */

static enum ks_event add_by_policy(struct gikev2_group *group,
				   struct ks_work *work)
{
	struct gikev2_plan plan;
	bool up;

	gikev2_generations_expire(&group->generations, work->now);
	if (work->urgent && group->generations.count == GIKEV2_GENERATIONS_MAX)
		gikev2_generations_make_room(&group->generations,
					     work->now + work->atd);
	work->err = gikev2_plan_make(group, NULL, work->now, &plan);
	up = work->err == 0 && gikev2_plan_goes_up(group, &plan);
	if (work->err == 0)
		work->err = gikev2_generation_add(group->engine,
						  &group->generations, &plan,
						  work->atd, work->dtd,
						  work->now);
	if (work->err < 0)
		return KS_REFUSED;
	if (work->at_once)
		gikev2_generations_end_older(&group->generations);
	if (up)
		group->up_from = work->now + GIKEV2_UP_AGAIN;
	gikev2_wait_begin(group, work->wait, work->now);
	group->unsaved = true;
	gikev2_group_arm(group);
	return KS_OK;
}

/* Nobody has seen it yet: it never was. */
static void take_back(struct gikev2_group *group)
{
	gikev2_generation_drop(&group->generations);
	group->tell_wanted = false;
	gikev2_group_arm(group);
}

static enum ks_event send_rekey(struct gikev2_group *group,
				struct ks_work *work)
{
	if (group->generations.count > 1)
		work->err = gikev2_tell(group, work->now);
	if (work->err < 0) {
		take_back(group);
		return KS_NONE;
	}
	if (group->generations.count > 1)
		gikev2_event(group->engine, GIKEV2_EVENT_ROLLED, 0,
			     group->cookie, NULL, work->now);
	return KS_NONE;
}

/* ------------------------------------------------------------- registration */

/* Has the group a cipher whose key is longer than what wraps it?  (RFC 9838
 * section 3.1) */
static bool is_wrap_short(const struct gikev2_group_config *config,
			  const struct gikev2_kwa *kwa)
{
	for (size_t i = 0; i < config->protocol_count; i++) {
		const struct gikev2_group_protocol *p = &config->protocols[i];

		for (size_t j = 0; j <= p->fallback_count; j++) {
			struct keytable_row row;

			gikev2_policy_sample(p, j, &row);
			if (!row.algorithm &&
			    keytable_suite_cipher_len(&row.ipsec.suite) >
				    kwa->key_len)
				return true;
		}
	}
	return false;
}

static enum ks_event authorize(struct gikev2_group *group, struct ks_work *work)
{
	struct gikev2 *engine = group->engine;
	const struct gikev2_payload *sag =
		gikev2_payload_find(work->rx->payloads, GIKEV2_PLD_SA);

	engine->asking = work->ike;
	engine->asking_proved = work->rx->header.exchange == GIKEV2_GSA_AUTH ||
				gikev2_gm_of(work->ike, group);
	work->err = engine->callbacks->authorize(engine->arg, group->cookie,
						 work->ike->peer);
	engine->asking = NULL;
	work->receiver = work->err == GIKEV2_RECEIVER_ONLY;
	if (work->receiver)
		work->err = 0;
	/* the profile's numbers are for those who know them, and what goes to
	 * all has one form */
	work->can.plain = group->config.plain || !work->ike->profile;
	if (work->err == 0 && group->multicast.kek.alive &&
	    (work->can.plain != group->config.plain ||
	     /* a key of the tree comes over both SAs, in its length */
	     work->ike->suite.kwa != group->multicast.kek.kwa))
		work->err = -GIKEV2_ERR_NO_PROPOSAL;
	if (work->err == 0 && work->ike->suite.kwa &&
	    is_wrap_short(&group->config, work->ike->suite.kwa))
		work->err = gikev2_problem(
			engine, -GIKEV2_ERR_NO_PROPOSAL,
			"its IKE SA wraps keys by %s, shorter than a key of the group: it has to offer KW_5649_256",
			work->ike->suite.kwa->name);
	if (work->err == 0)
		work->err = gikev2_sag_match(sag ? &sag->sa : NULL,
					     &group->config, &work->can);
	if (work->err == 0 &&
	    !gikev2_turn(&group->turns, work->ike->peer, work->now))
		work->err = -GIKEV2_ERR_TOO_OFTEN;
	return work->err < 0 ? KS_REFUSED : KS_OK;
}

/* What it asks for by GROUP_SENDER; to ask for none is to ask for one. */
static uint8_t senders_asked(const struct gikev2_rx *rx)
{
	const struct gikev2_pld_notify *notify =
		gikev2_notify_find(rx->payloads, GIKEV2_N_GROUP_SENDER);
	uint64_t count;

	if (!notify)
		return 0;
	count = notify->data.len == 4 ? gikev2_get_int(notify->data.ptr, 4) : 1;
	if (count > KEYTABLE_SENDER_IDS_MAX)
		return KEYTABLE_SENDER_IDS_MAX;
	return count ? count : 1;
}

/* The member's earlier registration over this SA, or a new one. */
static struct gikev2_gm *get_gm(struct gikev2_group *group,
				struct ks_work *work)
{
	struct gikev2_gm *gm = gikev2_gm_of(work->ike, group);

	if (!gm)
		gm = gikev2_gm_new(group, work->ike, work->now);
	if (!gm)
		return NULL;
	gm->can = work->can;
	gm->senders = work->receiver ? 0 : senders_asked(work->rx);
	gikev2_gm_changed(gm);
	return gm;
}

/* Its leaf in the tree: that of its registration before, or a free one. */
static int get_leaf(struct gikev2_group *group, struct gikev2_gm *gm,
		    bool *fresh)
{
	int ret;

	*fresh = false;
	if (!group->multicast.lkh || gm->leaf != GIKEV2_LKH_NO_LEAF)
		return 0;
	for (struct gikev2_gm *old = gikev2_gm_find(group, gm->id, NULL); old;
	     old = gikev2_gm_find(group, gm->id, old))
		if (old != gm && old->leaf != GIKEV2_LKH_NO_LEAF) {
			gm->leaf = old->leaf;
			return 0;
		}
	ret = gikev2_lkh_join(group->engine, group->multicast.lkh, &gm->leaf);
	*fresh = ret == 0;
	if (ret == 0)
		gikev2_state_path(group, gm->leaf);
	return ret;
}

static enum ks_event add_for_member(struct gikev2_group *group,
				    struct ks_work *work)
{
	struct gikev2_gm *gm = get_gm(group, work);
	bool fresh = false;

	if (!gm) {
		work->err = -GIKEV2_ERR_NO_MEMORY;
		return KS_REFUSED;
	}
	gikev2_generations_expire(&group->generations, work->now);
	work->err = gikev2_admission(group, gm, work->now);
	if (work->err == 0)
		work->err = get_leaf(group, gm, &fresh);
	if (work->err == 0)
		work->err =
			gikev2_registration_add(gm, work->answer, work->now);
	if (work->err < 0) {
		if (fresh)
			gikev2_lkh_undo(group->multicast.lkh, gm->leaf);
		gikev2_gm_end(gm, work->err, work->now);
		return KS_REFUSED;
	}
	gikev2_gm_end_older(gm, work->now);
	gikev2_wait_registered(gm, work->now);
	group->engine->totals.registrations++;
	gikev2_gm_event(gm, GIKEV2_EVENT_MEMBER_REGISTERED, 0, work->now);
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

/* --------------------------------------------------------------- public API */

struct gikev2_group *gikev2_group_find(struct gikev2 *engine,
				       const struct gikev2_pld_id *id)
{
	struct gikev2_group *group;

	for (group = engine->groups; group; group = group->next)
		if (group->config.id.type == id->type &&
		    group->config.id.len == id->data.len &&
		    memcmp(group->config.id.data, id->data.ptr, id->data.len) ==
			    0)
			return group;
	return NULL;
}

struct gikev2_group *gikev2_group_next(struct gikev2 *engine,
				       const struct gikev2_group *group)
{
	return group ? group->next : engine->groups;
}

void gikev2_group_unsaved(struct gikev2_group *group)
{
	group->unsaved = true;
}

bool gikev2_group_take_unsaved(struct gikev2_group *group)
{
	bool unsaved = group->unsaved;

	group->unsaved = false;
	return unsaved;
}

void *gikev2_group_cookie(const struct gikev2_group *group)
{
	return group->cookie;
}

struct gikev2 *gikev2_group_engine(const struct gikev2_group *group)
{
	return group->engine;
}

const struct gikev2_group_config *
gikev2_group_config(const struct gikev2_group *group)
{
	return &group->config;
}

struct gikev2_lkh *gikev2_group_lkh(struct gikev2_group *group)
{
	return group->multicast.lkh;
}

struct gikev2_kek *gikev2_group_kek(struct gikev2_group *group)
{
	return &group->multicast.kek;
}

struct gikev2_multicast *gikev2_group_multicast(struct gikev2_group *group)
{
	return &group->multicast;
}

/* A member that registers again is one, and a roll that waits for answers over
 * the SAs ends as it began, whoever joins meanwhile. */
bool gikev2_group_keeps_sas(struct gikev2_group *group)
{
	return !group->multicast.kek.alive || gikev2_wait_on(group) ||
	       group->gms.identities <= group->config.rekey.ike_sas_max;
}

bool gikev2_group_inband(struct gikev2_group *group)
{
	return !group->multicast.kek.alive || gikev2_wait_on(group) ||
	       (group->config.rekey.wait && gikev2_group_keeps_sas(group));
}

struct gikev2_generations *gikev2_group_generations(struct gikev2_group *group)
{
	return &group->generations;
}

uint32_t *gikev2_group_next_sender_id(struct gikev2_group *group)
{
	return &group->next_sender_id;
}

struct gikev2_gms *gikev2_group_gms(struct gikev2_group *group)
{
	return &group->gms;
}

/*
 * The first generation.  We may have served this group before, and its
 * members may hold keys that we know nothing of: the delays give them time to
 * come and fetch these.  Who holds none starts at once.
 */
int gikev2_group_begin_keys(struct gikev2_group *group, uint64_t now)
{
	uint64_t span = (group->config.dtd - group->config.atd) * GIKEV2_SECOND;
	uint64_t room = lifetime(group) / 2 - span;
	struct ks_work work = { .now = now,
				.atd = group->engine->params.restart_time };
	int ret;

	if (work.atd > room)
		work.atd = room;
	if (work.atd)
		work.dtd = work.atd + span;
	ret = run(group, KS_POLICY, &work);
	group->generations.unsure_atd = now + work.atd;
	group->generations.unsure_dtd = now + work.dtd;
	return ret;
}

/* An empty group in the engine's list; NULL: out of memory. */
struct gikev2_group *
gikev2_group_create(struct gikev2 *engine, void *cookie,
		    const struct gikev2_group_config *config)
{
	struct gikev2_group *group = calloc(1, sizeof(*group));

	if (!group)
		return NULL;
	group->engine = engine;
	group->cookie = cookie;
	group->config = *config;
	group->next = engine->groups;
	if (group->next)
		group->next->prev = group;
	engine->groups = group;
	if (gikev2_addresses_init(engine) < 0 ||
	    gikev2_timer_init(&engine->timers, &group->timer, timer_fire,
			      group) < 0 ||
	    gikev2_multicast_init(group) < 0) {
		gikev2_group_free(group);
		return NULL;
	}
	return group;
}

int gikev2_group_start(struct gikev2_group *group, uint64_t now)
{
	int ret = 0;

	if (group->config.rekey.destination.family)
		ret = gikev2_multicast_start(group, now);
	return ret < 0 ? ret : gikev2_group_begin_keys(group, now);
}

struct gikev2_group *gikev2_group_add(struct gikev2 *engine, void *cookie,
				      const struct gikev2_group_config *config,
				      uint64_t now)
{
	struct gikev2_group *group;

	if (!gikev2_group_may_add(engine, config))
		return NULL;
	group = gikev2_group_create(engine, cookie, config);
	if (group && gikev2_group_start(group, now) < 0) {
		gikev2_group_free(group);
		return NULL;
	}
	gikev2_bury(engine);
	return group;
}

/* Who asks for it wants the best that there is. */
static int rekey(struct gikev2_group *group, bool urgent, uint64_t now)
{
	int ret;

	group->up_from = 0;
	ret = gikev2_group_roll(group, urgent, now);
	if (ret < 0)
		gikev2_count(group->engine, ret);
	gikev2_bury(group->engine);
	return ret;
}

int gikev2_group_rekey(struct gikev2_group *group, uint64_t now)
{
	return rekey(group, false, now);
}

int gikev2_group_rekey_urgent(struct gikev2_group *group, uint64_t now)
{
	return rekey(group, true, now);
}

void gikev2_keylog_groups(struct gikev2 *engine)
{
	struct gikev2_group *group;

	for (group = engine->groups; group; group = group->next)
		if (group->multicast.kek.alive)
			gikev2_keylog_kek(engine, &group->multicast.kek);
}

/* Without a word to the members. */
void gikev2_group_free(struct gikev2_group *group)
{
	struct gikev2 *engine = group->engine;

	gikev2_gms_free(&group->gms);
	if (group->prev)
		group->prev->next = group->next;
	else
		engine->groups = group->next;
	if (group->next)
		group->next->prev = group->prev;
	gikev2_timer_fini(&engine->timers, &group->timer);
	gikev2_multicast_fini(group);
	gikev2_generations_wipe(&group->generations);
	explicit_bzero(group, sizeof(*group));
	free(group);
}

/* With its SA, when there is no other use for that. */
static void end_member(struct gikev2_gm *gm, uint64_t now)
{
	struct gikev2_ike *ike = gm->ike;

	gikev2_gm_end(gm, -GIKEV2_ERR_ADMIN, now);
	if (ike && !ike->gms)
		gikev2_ike_delete(ike, -GIKEV2_ERR_ADMIN, now);
}

void gikev2_group_del(struct gikev2_group *group, uint64_t now)
{
	struct gikev2 *engine = group->engine;

	gikev2_multicast_stop(group, now);
	while (group->gms.first)
		end_member(group->gms.first, now);
	gikev2_group_forget(group);
	gikev2_group_free(group);
	gikev2_bury(engine);
}

static void fill_rows(struct gikev2_group *group)
{
	struct gikev2_rows *shown = &group->shown;

	gikev2_rows_wipe(shown);
	shown->count = gikev2_generations_rows(&group->generations, shown->row);
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
		.dtd_end = gikev2_generation_dtd_end(gen),
		.next_roll = next_roll(group),
		.members = group->gms.count,
		.rows = group->shown.row,
		.row_count = group->shown.count,
	};
	if (group->roll_wanted)
		status->next_roll =
			gikev2_generations_next(&group->generations);
	gikev2_multicast_status(group, &status->rekey);
	for (struct gikev2_gm *gm = group->gms.first; gm; gm = gm->next)
		status->pending += gikev2_gm_acked(gm) < gen->change;
	gikev2_wait_status(group, status);
	status->holdback_count = gikev2_plan_holdback(group, status->holdback);
}
