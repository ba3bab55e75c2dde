// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The key server's list of members.
 */
#include <stdlib.h>
#include <string.h>

#include "gikev2/gikev2_state.h"
#include "gikev2/gikev2_wait.h"

#define BUCKETS_MIN 64

/* Those that were not split yet have what would be in the upper half as well. */
static struct gikev2_gm **bucket(const struct gikev2_gms *gms,
				 const struct gikev2_id *id)
{
	size_t at = gikev2_id_hash(id, gms->seed) & (gms->bucket_room - 1);

	if (at >= gms->bucket_count)
		at -= gms->bucket_room / 2;
	return &gms->buckets[at];
}

/* Moves to bucket `to`, a new one, what belongs there. */
static void split(struct gikev2_gms *gms, size_t to)
{
	struct gikev2_gm **at = &gms->buckets[to - gms->bucket_room / 2];
	struct gikev2_gm **end = &gms->buckets[to];

	*end = NULL;
	while (*at) {
		struct gikev2_gm *gm = *at;

		if ((gikev2_id_hash(gm->id, gms->seed) &
		     (gms->bucket_room - 1)) != to) {
			at = &gm->bucket_next;
			continue;
		}
		*at = gm->bucket_next;
		gm->bucket_next = NULL;
		*end = gm;
		end = &gm->bucket_next;
	}
}

/* The first ones are too few for a member with a choice of names to do harm. */
static void seed(struct gikev2 *engine, struct gikev2_gms *gms)
{
	if (gikev2_random(engine, (uint8_t *)&gms->seed, sizeof(gms->seed)) < 0)
		gikev2_count(engine, GIKEV2_ERR_NO_RANDOM);
	memset(gms->buckets, 0, gms->bucket_room * sizeof(*gms->buckets));
	for (struct gikev2_gm *gm = gms->first; gm; gm = gm->next) {
		struct gikev2_gm **head = bucket(gms, gm->id);

		gm->bucket_next = *head;
		*head = gm;
	}
}

/*
 * One bucket more for one member more (linear hashing): all of them at once
 * would hold up everybody else.  Without memory the ones there are have to do.
 */
static int grow_buckets(struct gikev2 *engine, struct gikev2_gms *gms)
{
	size_t room = gms->bucket_room ? gms->bucket_room * 2 : BUCKETS_MIN;
	struct gikev2_gm **buckets;

	if (gms->count < gms->bucket_count)
		return 0;
	if (gms->bucket_count == gms->bucket_room) {
		buckets = realloc(gms->buckets, room * sizeof(*buckets));
		if (!buckets)
			return gms->bucket_count ? 0 : -GIKEV2_ERR_NO_MEMORY;
		gms->buckets = buckets;
		gms->bucket_room = room;
	}
	if (!gms->bucket_count) {
		memset(gms->buckets, 0, room * sizeof(*gms->buckets));
		gms->bucket_count = room;
		return 0;
	}
	if (gms->bucket_count == BUCKETS_MIN && !gms->seed)
		seed(engine, gms);
	split(gms, gms->bucket_count++);
	return 0;
}

static void remove_bucket(struct gikev2_gms *gms, struct gikev2_gm *gm)
{
	struct gikev2_gm **at = bucket(gms, gm->id);

	while (*at && *at != gm)
		at = &(*at)->bucket_next;
	if (*at)
		*at = gm->bucket_next;
}

struct gikev2_gm *gikev2_gm_find(struct gikev2_group *group,
				 const struct gikev2_id *id,
				 const struct gikev2_gm *last)
{
	const struct gikev2_gms *gms = gikev2_group_gms(group);
	struct gikev2_gm *gm = NULL;

	if (last)
		gm = last->bucket_next;
	else if (gms->bucket_count)
		gm = *bucket(gms, id);
	while (gm && !gikev2_id_equal(gm->id, id))
		gm = gm->bucket_next;
	return gm;
}

bool gikev2_group_has_certificate(struct gikev2_group *group,
				  const struct gikev2_id *identity,
				  const uint8_t *der, size_t len)
{
	static const uint8_t unknown[GIKEV2_PEER_PROOF_LEN];
	struct gikev2_crypto *crypto = gikev2_group_engine(group)->crypto;
	const struct gikev2_gm *gm = gikev2_gm_find(group, identity, NULL);
	uint8_t digest[GIKEV2_PEER_PROOF_LEN];

	if (gm && gikev2_sha256(crypto, (struct gikev2_chunk){ der, len },
				digest) < 0)
		return true;
	while (gm && memcmp(gm->proof, digest, sizeof(digest)) != 0 &&
	       memcmp(gm->proof, unknown, sizeof(unknown)) != 0)
		gm = gikev2_gm_find(group, identity, gm);
	return gm != NULL;
}

static void insert(struct gikev2_gms *gms, struct gikev2_gm *gm)
{
	struct gikev2_gm **head = bucket(gms, gm->id);

	gms->identities += !gikev2_gm_find(gm->group, gm->id, NULL);
	gm->bucket_next = *head;
	*head = gm;
	gm->next = gms->first;
	if (gm->next)
		gm->next->prev = gm;
	gms->first = gm;
	gms->count++;
	gms->foreign += !gm->profile;
}

struct gikev2_gm *gikev2_gm_empty(struct gikev2_group *group)
{
	struct gikev2_gm *gm = calloc(1, sizeof(*gm));

	if (!gm)
		return NULL;
	gm->group = group;
	gm->leaf = GIKEV2_LKH_NO_LEAF;
	return gm;
}

int gikev2_gm_insert(struct gikev2_gm *gm, struct gikev2_ike *ike)
{
	struct gikev2_gms *gms = gikev2_group_gms(gm->group);
	int ret = grow_buckets(gikev2_group_engine(gm->group), gms);

	if (ret < 0) {
		free(gm->id);
		free(gm);
		return ret;
	}
	gm->ike = ike;
	if (ike) {
		gm->ike_next = ike->gms;
		ike->gms = gm;
		memcpy(gm->proof, ike->peer_proof, sizeof(gm->proof));
		gikev2_idle_changed(ike);
	}
	insert(gms, gm);
	gikev2_address_add(gikev2_group_engine(gm->group), gm);
	if (!gm->fragments)
		gikev2_group_multicast(gm->group)->whole_only++;
	return 0;
}

struct gikev2_gm *gikev2_gm_new(struct gikev2_group *group,
				struct gikev2_ike *ike, uint64_t now)
{
	struct gikev2_gm *gm = gikev2_gm_empty(group);

	if (!gm)
		return NULL;
	gm->id = gikev2_id_dup(ike->peer);
	if (!gm->id) {
		free(gm);
		return NULL;
	}
	gikev2_gm_name(gm);
	gm->fragments = ike->fragmentation;
	gm->profile = ike->profile;
	gm->past = !ike->fresh;
	gm->path = ike->path;
	gm->registered = gm->last_seen = now;
	if (gikev2_gm_insert(gm, ike) < 0)
		return NULL;
	gikev2_gm_changed(gm);
	return gm;
}

struct gikev2_gm *gikev2_gm_of(const struct gikev2_ike *ike,
			       const struct gikev2_group *group)
{
	struct gikev2_gm *gm = ike->gms;

	while (gm && gm->group != group)
		gm = gm->ike_next;
	return gm;
}

/* Can the member tell that it is this group that is meant? */
static bool can_be_told(const struct gikev2_gm *gm)
{
	const struct gikev2_ike *ike = gm->ike;

	return gikev2_group_inband(gm->group) &&
	       (ike->profile || !gikev2_group_kek(gm->group)->alive ||
		(gm == ike->gms && !gm->ike_next));
}

static bool has_news(const struct gikev2_gm *gm)
{
	return gm->cleared ||
	       gm->acked < gikev2_group_generations(gm->group)->changes;
}

struct gikev2_gm *gikev2_gm_to_tell(const struct gikev2_ike *ike)
{
	struct gikev2_gm *gm = ike->gms;

	while (gm && !(can_be_told(gm) && has_news(gm)))
		gm = gm->ike_next;
	return gm;
}

static void leave_ike(struct gikev2_gm *gm)
{
	struct gikev2_gm **at;

	if (!gm->ike)
		return;
	for (at = &gm->ike->gms; *at && *at != gm; at = &(*at)->ike_next)
		;
	if (*at)
		*at = gm->ike_next;
	if (gm->ike->told == gm)
		gm->ike->told = NULL;
	gm->ike_next = NULL;
	gikev2_idle_changed(gm->ike);
	gm->ike = NULL;
}

void gikev2_gm_free(struct gikev2_gm *gm)
{
	struct gikev2_gms *gms = gikev2_group_gms(gm->group);

	gikev2_gm_unmark(gm);
	gikev2_wait_without(gm);
	leave_ike(gm);
	gikev2_address_remove(gm);
	remove_bucket(gms, gm);
	gms->identities -= !gikev2_gm_find(gm->group, gm->id, NULL);
	if (!gm->fragments)
		gikev2_group_multicast(gm->group)->whole_only--;
	if (gm->prev)
		gm->prev->next = gm->next;
	else
		gms->first = gm->next;
	if (gm->next)
		gm->next->prev = gm->prev;
	gms->count--;
	gms->foreign -= !gm->profile;
	free(gm->id);
	free(gm);
}

void gikev2_gms_free(struct gikev2_gms *gms)
{
	struct gikev2_gm *gm, *next;

	for (gm = gms->first; gm; gm = next) {
		next = gm->next;
		gikev2_gm_free(gm);
	}
	free(gms->buckets);
	gms->buckets = NULL;
	gms->bucket_count = gms->bucket_room = 0;
}

void gikev2_gm_end(struct gikev2_gm *gm, int err, uint64_t now)
{
	struct gikev2_group *group = gm->group;

	gikev2_gm_event(gm, GIKEV2_EVENT_MEMBER_GONE, err, now);
	gikev2_gm_forget(gm);
	gikev2_gm_free(gm);
	gikev2_wait_changed(group, now);
}

/* A member that registers again has forgotten its older SA. */
void gikev2_gm_end_older(struct gikev2_gm *newer, uint64_t now)
{
	struct gikev2_gm *gm = gikev2_gm_find(newer->group, newer->id, NULL);
	struct gikev2_gm *next;

	for (; gm; gm = next) {
		struct gikev2_ike *ike = gm->ike;

		next = gikev2_gm_find(newer->group, newer->id, gm);
		if (gm == newer)
			continue;
		gikev2_gm_end(gm, -GIKEV2_ERR_REPLACED, now);
		if (ike && !ike->gms)
			gikev2_ike_end(ike, -GIKEV2_ERR_REPLACED, now);
	}
}

/*
 * Multicast reaches a member without an SA: that one stays registered.  So does
 * one that a roll waits for, until that is over.
 */
void gikev2_gms_release(struct gikev2_ike *ike, int err, uint64_t now)
{
	struct gikev2_gm *gm, *next;

	for (gm = ike->gms; gm; gm = next) {
		next = gm->ike_next;
		gikev2_wait_lost(gm);
		if (gm->away || gikev2_group_kek(gm->group)->alive) {
			gm->last_seen = ike->last_seen;
			leave_ike(gm);
			gikev2_gm_changed(gm);
			gikev2_wait_changed(gm->group, now);
		} else {
			gikev2_gm_end(gm, err, now);
		}
	}
}
