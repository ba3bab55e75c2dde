// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * INITIAL_CONTACT (RFC 7296 section 2.4): between these two identities there is
 * no other IKE SA.  And the authenticated SAs by the identity of the peer, to
 * find those that it is about.
 */
#include <stdlib.h>

#include "gikev2/gikev2_int.h"

#define BUCKETS_MIN 64

/* --------------------------------------------------------------- the index */

static struct gikev2_ike **bucket(const struct gikev2_peers *peers,
				  const struct gikev2_id *id)
{
	return &peers->buckets[gikev2_id_hash(id, peers->seed) &
			       (peers->bucket_count - 1)];
}

int gikev2_peers_init(struct gikev2_peers *peers)
{
	peers->bucket_count = BUCKETS_MIN;
	peers->buckets = calloc(BUCKETS_MIN, sizeof(struct gikev2_ike *));
	return peers->buckets ? 0 : -GIKEV2_ERR_NO_MEMORY;
}

void gikev2_peers_free(struct gikev2_peers *peers)
{
	free(peers->buckets);
	*peers = (struct gikev2_peers){ 0 };
}

static void insert(struct gikev2_peers *peers, struct gikev2_ike *ike)
{
	struct gikev2_ike **head = bucket(peers, ike->peer);

	ike->peer_next = *head;
	*head = ike;
}

/* Without memory the chains grow longer, no more; so they do without a seed. */
static void grow(struct gikev2 *engine, struct gikev2_peers *peers)
{
	struct gikev2_peers grown = { .count = peers->count,
				      .bucket_count = 2 * peers->bucket_count };

	if (peers->count < peers->bucket_count)
		return;
	grown.buckets = calloc(grown.bucket_count, sizeof(*grown.buckets));
	if (!grown.buckets)
		return;
	if (gikev2_random(engine, (uint8_t *)&grown.seed, sizeof(grown.seed)) <
	    0)
		gikev2_count(engine, GIKEV2_ERR_NO_RANDOM);
	for (size_t i = 0; i < peers->bucket_count; i++)
		while (peers->buckets[i]) {
			struct gikev2_ike *ike = peers->buckets[i];

			peers->buckets[i] = ike->peer_next;
			insert(&grown, ike);
		}
	free(peers->buckets);
	*peers = grown;
}

/* ------------------------------------------------------ SAs that serve no group */

static void idle_add(struct gikev2_ike *ike)
{
	struct gikev2_idles *idles = &ike->engine->idles;

	ike->idle_next = NULL;
	ike->idle_prev = idles->last;
	if (idles->last)
		idles->last->idle_next = ike;
	else
		idles->first = ike;
	idles->last = ike;
	idles->count++;
	ike->idle = true;
}

static void idle_remove(struct gikev2_ike *ike)
{
	struct gikev2_idles *idles = &ike->engine->idles;

	if (ike->idle_prev)
		ike->idle_prev->idle_next = ike->idle_next;
	else
		idles->first = ike->idle_next;
	if (ike->idle_next)
		ike->idle_next->idle_prev = ike->idle_prev;
	else
		idles->last = ike->idle_prev;
	idles->count--;
	ike->idle = false;
}

void gikev2_idle_changed(struct gikev2_ike *ike)
{
	bool idle = ike->known && ike->server && !ike->gms;

	if (idle && !ike->idle)
		idle_add(ike);
	if (!idle && ike->idle)
		idle_remove(ike);
}

void gikev2_peers_add(struct gikev2_ike *ike)
{
	struct gikev2_peers *peers = &ike->engine->peers;

	grow(ike->engine, peers);
	insert(peers, ike);
	peers->count++;
	ike->known = true;
	gikev2_idle_changed(ike);
}

void gikev2_peers_remove(struct gikev2_ike *ike)
{
	struct gikev2_peers *peers = &ike->engine->peers;
	struct gikev2_ike **at;

	if (!ike->known)
		return;
	for (at = bucket(peers, ike->peer); *at != ike; at = &(*at)->peer_next)
		;
	*at = ike->peer_next;
	peers->count--;
	ike->known = false;
	gikev2_idle_changed(ike);
}

/* Another one with the same peer, with us in the same role, from `from` on. */
static struct gikev2_ike *other(const struct gikev2_ike *ike,
				struct gikev2_ike *from)
{
	while (from && (from == ike || from->server != ike->server ||
			!gikev2_id_equal(from->peer, ike->peer)))
		from = from->peer_next;
	return from;
}

static struct gikev2_ike *first_other(const struct gikev2_ike *ike)
{
	return other(ike, *bucket(&ike->engine->peers, ike->peer));
}

/* ---------------------------------------------------------- too many of one peer */

static bool same_proof(const struct gikev2_ike *a, const struct gikev2_ike *b)
{
	return gikev2_equal(a->peer_proof, b->peer_proof,
			    sizeof(a->peer_proof));
}

/* The oldest that serves no group, from `from` on; neither itself nor its parent. */
static struct gikev2_ike *next_idle(const struct gikev2_ike *ike,
				    struct gikev2_ike *from)
{
	while (from && (from == ike || from == ike->parent))
		from = from->idle_next;
	return from;
}

/*
 * One with many names, too, has room for so many only.  The first to give way are
 * those that were proved by the same: whoever has the key of a pattern is in
 * nobody's way but theirs who have it as well.
 */
static void limit_idles(const struct gikev2_ike *ike, uint64_t now)
{
	struct gikev2 *engine = ike->engine;
	struct gikev2_ike *oldest = next_idle(ike, engine->idles.first);
	struct gikev2_ike *same = oldest;

	if (engine->idles.count <= engine->params.idle_max || !oldest)
		return;
	while (same && !same_proof(same, ike))
		same = next_idle(ike, same->idle_next);
	gikev2_count(engine, -GIKEV2_ERR_IDLE_LIMIT);
	gikev2_ike_end(same ? same : oldest, -GIKEV2_ERR_IDLE_LIMIT, now);
}

/*
 * The oldest of its SAs that serve nobody gives way.  A few there may be: what a
 * rekey has left until it is deleted, and one that asks for a group next.  Who has
 * the same name by another secret, of another group, has his own.
 */
void gikev2_peers_limit(const struct gikev2_ike *ike, uint64_t now)
{
	struct gikev2_ike *oldest = NULL, *at = first_other(ike);
	unsigned int count = 0;

	for (; ike->server && at; at = other(ike, at->peer_next)) {
		if (at->gms || at->ties || at == ike->parent ||
		    !same_proof(at, ike))
			continue;
		count++;
		if (!oldest || at->serial < oldest->serial)
			oldest = at;
	}
	if (count > GIKEV2_IDLE_SAS_MAX)
		gikev2_ike_end(oldest, -GIKEV2_ERR_REPLACED, now);
	limit_idles(ike, now);
}

/* -------------------------------------------------------------- the notify */

/*
 * Whose name the server has is not known yet: any server may be the same.  With keys
 * of before we have not begun with nothing: a server that did wants to know.
 */
static bool is_first_of_member(const struct gikev2_ike *ike)
{
	struct gikev2_member *member = ike->engine->members;
	const struct gikev2_ike *any = ike->engine->ikes;

	while (any && (any == ike || any->server))
		any = any->next;
	while (member && !gikev2_member_rows(member)->count)
		member = gikev2_member_next(member);
	return !any && !member;
}

void gikev2_contact_add(const struct gikev2_ike *ike,
			struct gikev2_payloads *tx)
{
	if (ike->server ? !first_other(ike) : is_first_of_member(ike))
		gikev2_notify_add(tx, GIKEV2_N_INITIAL_CONTACT, NULL, 0);
}

/*
 * The member has no other SA: what came before this one is gone there.  That is
 * for who proved its identity with the same to say: in another group the same
 * name may be proved with a better secret.
 */
static void drop_older(struct gikev2_ike *ike, uint64_t now)
{
	struct gikev2_ike *old = first_other(ike);

	while (old) {
		if (old->serial > ike->serial || !same_proof(old, ike)) {
			old = other(ike, old->peer_next);
			continue;
		}
		gikev2_ike_end(old, -GIKEV2_ERR_REPLACED, now);
		old = first_other(ike); /* more may have ended with it */
	}
}

/*
 * The server has no other SA: it forgot what was there before we asked.  Keys
 * live on, and a new registration takes the place of the old.
 */
static void register_others(struct gikev2_ike *ike, uint64_t now)
{
	struct gikev2_ike *old = first_other(ike);

	for (; old; old = other(ike, old->peer_next))
		if (old->established < ike->setup->asked)
			gikev2_ties_hint(old, gikev2_ike_member(ike), now);
}

void gikev2_contact_read(struct gikev2_ike *ike, const struct gikev2_rx *rx)
{
	if (!gikev2_notify_find(rx->payloads, GIKEV2_N_INITIAL_CONTACT))
		return;
	ike->fresh = true;
	if (ike->server)
		drop_older(ike, rx->now);
	else
		register_others(ike, rx->now);
}
