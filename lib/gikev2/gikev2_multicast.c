// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The key server's multicast.
 */
#include <string.h>

#include "gikev2/gikev2_generation.h"
#include "gikev2/gikev2_multicast.h"
#include "gikev2/gikev2_state.h"

/* Between the copies of a GSA_REKEY: all of them within seconds. */
#define COPY_INTERVAL (GIKEV2_SECOND / 2)
/* A reminder that is nearer than this to the message itself is a copy. */
#define REMINDER_MIN GIKEV2_SECOND
/* After a message that could not be made: out of memory, or of a token. */
#define RETRY_TIME GIKEV2_SECOND

static struct gikev2_multicast *of(struct gikev2_group *group)
{
	return gikev2_group_multicast(group);
}

static const struct gikev2_rekey_config *config_of(struct gikev2_group *group)
{
	return &gikev2_group_config(group)->rekey;
}

/* ------------------------------------------------------------------- copies */

static void arm(struct gikev2_group *group)
{
	struct gikev2_multicast *m = of(group);
	uint64_t at = m->remind_at;

	for (size_t i = 0; i < m->push_count; i++)
		if (m->push[i].due < at)
			at = m->push[i].due;
	gikev2_timer_set(&gikev2_group_engine(group)->timers, &m->timer, at);
}

static void forget(struct gikev2_multicast *m, size_t at)
{
	gikev2_octets_free(&m->push[at].flight);
	m->push_count--;
	memmove(&m->push[at], &m->push[at + 1],
		(m->push_count - at) * sizeof(m->push[0]));
	memset(&m->push[m->push_count], 0, sizeof(m->push[0]));
}

static void send_copy(struct gikev2_group *group, struct gikev2_push *push,
		      uint64_t now)
{
	gikev2_flight_send(gikev2_group_engine(group), &push->path,
			   gikev2_chunk(&push->flight));
	push->left--;
	push->due = now + COPY_INTERVAL;
}

/* Bitwise identical copies (RFC 9838 section 2.4.1.3); the first one now. */
static void begin(struct gikev2_group *group, struct gikev2_octets *flight,
		  uint64_t now)
{
	struct gikev2_multicast *m = of(group);
	uint8_t copies = config_of(group)->copies;
	struct gikev2_push *push;

	if (m->push_count == GIKEV2_PUSHES_MAX) {
		send_copy(group, &m->push[0], now);
		forget(m, 0);
	}
	push = &m->push[m->push_count++];
	*push = (struct gikev2_push){
		.flight = *flight,
		.path = { m->kek.source, m->kek.destination },
		.left = copies ? copies : 1,
	};
	gikev2_group_engine(group)->totals.rekeys_sent++;
	gikev2_group_unsaved(group);
	send_copy(group, push, now);
	if (!push->left)
		forget(m, m->push_count - 1);
}

static void send_due(struct gikev2_group *group, uint64_t now)
{
	struct gikev2_multicast *m = of(group);

	for (size_t i = 0; i < m->push_count;) {
		if (m->push[i].due <= now)
			send_copy(group, &m->push[i], now);
		if (m->push[i].left)
			i++;
		else
			forget(m, i);
	}
}

/* No time is left for them to be spread in. */
static void send_all(struct gikev2_group *group, uint64_t now)
{
	struct gikev2_multicast *m = of(group);

	while (m->push_count) {
		while (m->push[0].left)
			send_copy(group, &m->push[0], now);
		forget(m, 0);
	}
}

/* ----------------------------------------------------------------- messages */

static int push(struct gikev2_group *group, const struct gikev2_news *news,
		uint64_t now)
{
	struct gikev2_octets flight = { 0 };
	int ret = gikev2_registration_push(group, news, &flight, now);

	if (ret == 0)
		begin(group, &flight, now);
	arm(group);
	return ret;
}

/*
 * Copies are for what a network loses now and then.  For what is lost with all
 * its copies the keys are told again: half way to the instant at which members
 * send with them, and when the old ones are over.
 */
static uint64_t next_reminder(struct gikev2_group *group, uint64_t now)
{
	const struct gikev2_generation *gen =
		gikev2_youngest(gikev2_group_generations(group));
	uint64_t half = gen->created + (gen->atd_end - gen->created) / 2;

	if (half >= now + REMINDER_MIN)
		return half;
	return gen->dtd_end >= now + REMINDER_MIN ? gen->dtd_end : GIKEV2_NEVER;
}

int gikev2_multicast_keys(struct gikev2_group *group, uint64_t now)
{
	const struct gikev2_news news = { .excluded = GIKEV2_LKH_NO_LEAF };
	int ret = push(group, &news, now);

	if (ret == 0)
		of(group)->remind_at = next_reminder(group, now);
	arm(group);
	return ret;
}

void gikev2_multicast_remind(struct gikev2_group *group, uint64_t now)
{
	struct gikev2_multicast *m = of(group);

	if (m->remind_at > now + REMINDER_MIN)
		m->remind_at = now + REMINDER_MIN;
	arm(group);
}

static void fire(void *owner, uint64_t now)
{
	struct gikev2_group *group = owner;
	struct gikev2_multicast *m = of(group);
	int ret = 0;

	send_due(group, now);
	if (m->remind_at <= now) {
		gikev2_generations_expire(gikev2_group_generations(group), now);
		ret = gikev2_multicast_keys(group, now);
	}
	if (ret < 0) {
		gikev2_count(gikev2_group_engine(group), ret);
		m->remind_at = now + RETRY_TIME;
	}
	arm(group);
}

/* ------------------------------------------------------------- the Rekey SA */

/* At 80 per cent of its lifetime, or long before the Message IDs are used up. */
uint64_t gikev2_multicast_next(struct gikev2_group *group)
{
	const struct gikev2_multicast *m = of(group);

	if (!m->kek.alive)
		return GIKEV2_NEVER;
	if (m->leaf_out != GIKEV2_LKH_NO_LEAF ||
	    m->kek.next_id > GIKEV2_KEK_ID_LAST / 2)
		return 0;
	return m->kek.end - config_of(group)->lifetime * GIKEV2_SECOND / 5;
}

int gikev2_multicast_roll(struct gikev2_group *group, uint64_t now)
{
	struct gikev2_multicast *m = of(group);
	struct gikev2_kek next;
	struct gikev2_news news = { .next = &next, .excluded = m->leaf_out };
	int ret = gikev2_kek_draw(gikev2_group_engine(group),
				  gikev2_group_config(group),
				  m->kek.alive ? &m->kek : NULL, now, &next);

	if (ret < 0)
		return ret;
	if (m->kek.alive)
		ret = push(group, &news, now);
	if (ret < 0) {
		gikev2_kek_wipe(&next);
		return ret;
	}
	gikev2_kek_wipe(&m->kek);
	m->kek = next;
	m->leaf_out = GIKEV2_LKH_NO_LEAF;
	gikev2_group_unsaved(group);
	return 0;
}

void gikev2_multicast_status(struct gikev2_group *group,
			     struct gikev2_rekey_status *status)
{
	const struct gikev2_multicast *m = of(group);

	gikev2_kek_status(&m->kek, status);
	if (!m->kek.alive)
		return;
	status->next = gikev2_multicast_next(group);
	status->tree_members = gikev2_lkh_members(m->lkh);
	status->tree_room = gikev2_lkh_room(m->lkh);
	status->tree_degree = gikev2_lkh_degree(m->lkh);
	status->tree_depth = gikev2_lkh_depth(m->lkh);
}

int gikev2_multicast_exclude(struct gikev2_group *group, uint32_t leaf,
			     uint64_t now)
{
	struct gikev2_multicast *m = of(group);
	int ret = 0;

	if (!m->lkh || leaf == GIKEV2_LKH_NO_LEAF)
		return 0;
	/* one at a time: a message tells what one of them knew */
	if (m->leaf_out != GIKEV2_LKH_NO_LEAF)
		ret = gikev2_multicast_roll(group, now);
	if (ret == 0)
		ret = gikev2_lkh_exclude(gikev2_group_engine(group), m->lkh,
					 leaf);
	gikev2_state_path(group, leaf);
	if (ret < 0)
		return ret;
	m->leaf_out = leaf;
	gikev2_group_unsaved(group);
	return gikev2_multicast_roll(group, now);
}

/* GSA_INBAND_REKEY over its SA is for another group's member. */
static bool is_crowded_out(const struct gikev2_gm *gm)
{
	const struct gikev2_gm *other = gm->ike->profile ? NULL : gm->ike->gms;

	while (other && (other == gm || gikev2_group_kek(other->group)->alive))
		other = other->ike_next;
	return other;
}

/* Members that nobody can reach any more come back by themselves; those that a
 * roll waits for are dealt with when that is over. */
static void forget_members(struct gikev2_group *group, uint64_t now)
{
	struct gikev2_gm *gm = gikev2_group_gms(group)->first, *next;

	for (; gm; gm = next) {
		next = gm->next;
		gm->leaf = GIKEV2_LKH_NO_LEAF;
		gikev2_gm_changed(gm);
		if (gm->ike ? is_crowded_out(gm) : !gm->away)
			gikev2_gm_end(gm, -GIKEV2_ERR_ADMIN, now);
	}
}

static void wipe(struct gikev2_group *group)
{
	struct gikev2_multicast *m = of(group);

	if (m->lkh)
		gikev2_state_forget_tree(group);
	gikev2_group_unsaved(group);
	gikev2_kek_wipe(&m->kek);
	gikev2_lkh_free(m->lkh);
	m->lkh = NULL;
	m->leaf_out = GIKEV2_LKH_NO_LEAF;
	m->remind_at = GIKEV2_NEVER;
}

static void delete_rekey_sa(struct gikev2_group *group, uint64_t now)
{
	int ret = push(group, &(struct gikev2_news){ .delete_kek = true }, now);

	/* members that hear nothing find out when it is about to expire */
	if (ret < 0)
		gikev2_count(gikev2_group_engine(group), ret);
	wipe(group);
	arm(group);
}

int gikev2_multicast_start(struct gikev2_group *group, uint64_t now)
{
	const struct gikev2_rekey_config *rekey = config_of(group);
	struct gikev2_multicast *m = of(group);
	int ret;

	m->lkh = gikev2_lkh_new(rekey->lkh_degree ? rekey->lkh_degree : 2,
				rekey->members_max ? rekey->members_max : 1024);
	ret = m->lkh ? gikev2_multicast_roll(group, now)
		     : -GIKEV2_ERR_NO_MEMORY;
	if (ret < 0)
		wipe(group);
	return ret;
}

void gikev2_multicast_stop(struct gikev2_group *group, uint64_t now)
{
	if (!of(group)->kek.alive)
		return;
	delete_rekey_sa(group, now);
	send_all(group, now);
}

int gikev2_multicast_clear(struct gikev2_group *group, uint64_t now)
{
	struct gikev2_multicast *m = of(group);
	int ret;

	if (!m->kek.alive)
		return 0;
	ret = push(group, &(struct gikev2_news){ .delete_all = true }, now);
	if (ret < 0)
		return ret;
	wipe(group);
	forget_members(group, now);
	return gikev2_multicast_start(group, now);
}

/* ------------------------------------------------------------ another config */

/* How it is authenticated cannot be changed by a rekey (section 4.4.2.1.1). */
static bool same_authentication(struct gikev2_group *group)
{
	const struct gikev2_kek *kek = &of(group)->kek;
	const struct gikev2_key *key = config_of(group)->key;

	if (!key || !kek->auth_key)
		return !key && !kek->auth_key;
	return gikev2_sign_choose(key, GIKEV2_HASHES_OWN) == kek->sign_alg;
}

static bool same_tree(struct gikev2_group *group,
		      const struct gikev2_rekey_config *old)
{
	const struct gikev2_rekey_config *config = config_of(group);

	return old->lkh_degree == config->lkh_degree &&
	       config->members_max <= gikev2_lkh_room(of(group)->lkh);
}

static bool same_policy(struct gikev2_group *group,
			const struct gikev2_rekey_config *old)
{
	const struct gikev2_rekey_config *config = config_of(group);

	return gikev2_endpoint_equal(&old->destination, &config->destination) &&
	       gikev2_endpoint_equal(&old->source, &config->source) &&
	       old->lifetime == config->lifetime &&
	       (!config->key ||
		gikev2_key_equal(config->key, of(group)->kek.auth_key));
}

/* Who is there registers anew, and is told of the Rekey SA. */
static int begin_multicast(struct gikev2_group *group, uint64_t now)
{
	int ret = gikev2_multicast_start(group, now);
	struct gikev2_gm *gm = gikev2_group_gms(group)->first, *next;

	for (; ret == 0 && gm; gm = next) {
		next = gm->next;
		if (gm->ike)
			gikev2_ike_delete(gm->ike, -GIKEV2_ERR_ADMIN, now);
	}
	return ret;
}

/* The same key anew: a token may have forgotten it under the old handle. */
static void renew_handle(struct gikev2_group *group)
{
	const struct gikev2_key *key = config_of(group)->key;
	struct gikev2_kek *kek = &of(group)->kek;
	struct gikev2_key *handle = NULL;

	if (key && kek->auth_key && gikev2_key_failed(kek->auth_key) &&
	    gikev2_key_equal(key, kek->auth_key))
		handle = gikev2_key_dup(key);
	if (!handle)
		return;
	gikev2_key_free(kek->auth_key);
	kek->auth_key = handle;
}

int gikev2_multicast_update(struct gikev2_group *group,
			    const struct gikev2_rekey_config *old, uint64_t now)
{
	bool wanted = config_of(group)->destination.family != 0;

	if (!of(group)->kek.alive)
		return wanted ? begin_multicast(group, now) : 0;
	renew_handle(group);
	if (wanted && same_authentication(group) && same_tree(group, old))
		return same_policy(group, old)
			       ? 0
			       : gikev2_multicast_roll(group, now);
	delete_rekey_sa(group, now);
	forget_members(group, now);
	return wanted ? begin_multicast(group, now) : 0;
}

/* ----------------------------------------------------------- from saved state */

int gikev2_multicast_set_tree(struct gikev2_group *group, unsigned int degree,
			      unsigned int depth)
{
	uint64_t leaves = 1;

	for (unsigned int i = 0; i < depth && leaves <= GIKEV2_LKH_LEAVES_MAX;
	     i++)
		leaves *= degree;
	if (leaves > GIKEV2_LKH_LEAVES_MAX || !depth)
		return -GIKEV2_ERR_STATE;
	of(group)->lkh = gikev2_lkh_new(degree, leaves);
	return of(group)->lkh ? 0 : -GIKEV2_ERR_STATE;
}

static bool may_resume(struct gikev2_group *group, uint64_t now)
{
	const struct gikev2_multicast *m = of(group);

	return m->kek.alive && m->lkh && m->kek.end > now &&
	       same_authentication(group);
}

/* What the messages on their way still say is not changed by that. */
int gikev2_multicast_resume(struct gikev2_group *group, uint64_t now)
{
	const struct gikev2_rekey_config *config = config_of(group);
	struct gikev2_multicast *m = of(group);
	int ret = 0;

	if ((m->kek.alive || m->lkh) && !may_resume(group, now)) {
		wipe(group);
		forget_members(group, now);
	}
	if (!config->destination.family) {
		if (m->kek.alive)
			delete_rekey_sa(group, now);
		forget_members(group, now);
	} else if (!m->kek.alive) {
		ret = begin_multicast(group, now);
	} else if (!gikev2_endpoint_equal(&m->kek.destination,
					  &config->destination) ||
		   !gikev2_endpoint_equal(&m->kek.source, &config->source)) {
		ret = gikev2_multicast_roll(group, now);
	}
	arm(group);
	return ret;
}

/* ------------------------------------------------------------- begin and end */

int gikev2_multicast_init(struct gikev2_group *group)
{
	struct gikev2_multicast *m = of(group);

	m->leaf_out = GIKEV2_LKH_NO_LEAF;
	m->remind_at = GIKEV2_NEVER;
	return gikev2_timer_init(&gikev2_group_engine(group)->timers, &m->timer,
				 fire, group);
}

void gikev2_multicast_fini(struct gikev2_group *group)
{
	struct gikev2_multicast *m = of(group);

	gikev2_timer_fini(&gikev2_group_engine(group)->timers, &m->timer);
	while (m->push_count)
		forget(m, 0);
	wipe(group);
}
