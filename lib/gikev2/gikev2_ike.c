// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * IKE SAs: where they are kept, how they begin and end.
 */
#include <stdlib.h>
#include <string.h>

#include "gikev2/gikev2_nat.h"
#include "gikev2/gikev2_state.h"

#define BUCKETS_MIN 64

static const uint8_t *own_spi(const struct gikev2_ike *ike)
{
	return ike->initiator ? ike->spi_i : ike->spi_r;
}

/* Our SPIs are random already, so that nobody can aim at one bucket. */
static struct gikev2_ike **bucket(const struct gikev2 *engine,
				  const uint8_t *spi)
{
	return &engine->buckets[gikev2_get_int(spi, 4) &
				(engine->bucket_count - 1)];
}

static int grow_buckets(struct gikev2 *engine)
{
	size_t count = engine->bucket_count ? engine->bucket_count * 2
					    : BUCKETS_MIN;
	struct gikev2_ike **buckets;

	if (engine->totals.ike_sas < engine->bucket_count)
		return 0;
	buckets = calloc(count, sizeof(*buckets));
	if (!buckets)
		return -GIKEV2_ERR_NO_MEMORY;
	free(engine->buckets);
	engine->buckets = buckets;
	engine->bucket_count = count;
	for (struct gikev2_ike *ike = engine->ikes; ike; ike = ike->next) {
		struct gikev2_ike **head = bucket(engine, own_spi(ike));

		ike->bucket_next = *head;
		*head = ike;
	}
	return 0;
}

static struct gikev2_ike *find_own(const struct gikev2 *engine,
				   const uint8_t *spi, bool initiator)
{
	struct gikev2_ike *ike;

	if (!engine->bucket_count)
		return NULL;
	for (ike = *bucket(engine, spi); ike; ike = ike->bucket_next)
		if (ike->initiator == initiator &&
		    memcmp(own_spi(ike), spi, GIKEV2_SPI_LEN) == 0)
			return ike;
	return NULL;
}

struct gikev2_ike *gikev2_ike_by_spi(const struct gikev2 *engine,
				     const uint8_t *spi, bool initiator)
{
	return find_own(engine, spi, initiator);
}

/* A fresh SPI: not zero, not in use. */
static int draw_spi(struct gikev2_ike *ike)
{
	static const uint8_t zero[GIKEV2_SPI_LEN];
	uint8_t *spi = ike->initiator ? ike->spi_i : ike->spi_r;

	do {
		if (gikev2_random(ike->engine, spi, GIKEV2_SPI_LEN) < 0)
			return -GIKEV2_ERR_NO_RANDOM;
	} while (memcmp(spi, zero, GIKEV2_SPI_LEN) == 0 ||
		 find_own(ike->engine, spi, ike->initiator));
	return 0;
}

static void insert(struct gikev2_ike *ike)
{
	struct gikev2 *engine = ike->engine;
	struct gikev2_ike **head = bucket(engine, own_spi(ike));

	ike->bucket_next = *head;
	*head = ike;
	ike->next = engine->ikes;
	if (ike->next)
		ike->next->prev = ike;
	engine->ikes = ike;
	engine->totals.ike_sas++;
}

static void remove_bucket(struct gikev2_ike *ike)
{
	struct gikev2_ike **at = bucket(ike->engine, own_spi(ike));

	while (*at && *at != ike)
		at = &(*at)->bucket_next;
	if (*at)
		*at = ike->bucket_next;
}

struct gikev2_ike *gikev2_ike_new(struct gikev2 *engine, bool initiator,
				  const struct gikev2_path *path)
{
	struct gikev2_ike *ike = calloc(1, sizeof(*ike));

	if (!ike)
		return NULL;
	ike->engine = engine;
	ike->serial = ++engine->serial;
	ike->initiator = initiator;
	ike->server = !initiator;
	ike->path = *path;
	ike->rekey_at = GIKEV2_NEVER;
	ike->state = initiator ? GIKEV2_IKE_INIT_SENT : GIKEV2_IKE_HALF_OPEN;
	ike->setup = calloc(1, sizeof(*ike->setup));
	if (!ike->setup || grow_buckets(engine) < 0 || draw_spi(ike) < 0 ||
	    gikev2_timer_init(&engine->timers, &ike->timer, gikev2_ike_timer,
			      ike) < 0) {
		free(ike->setup);
		free(ike);
		return NULL;
	}
	insert(ike);
	return ike;
}

struct gikev2_ike *gikev2_ike_heir(struct gikev2_ike *old, bool initiator)
{
	struct gikev2_ike *heir =
		gikev2_ike_new(old->engine, initiator, &old->path);

	if (!heir)
		return NULL;
	heir->state = GIKEV2_IKE_REKEYING;
	heir->parent = old;
	heir->server = old->server;
	heir->profile = old->profile;
	heir->own_way = old->own_way;
	heir->peer_way = old->peer_way;
	memcpy(heir->peer_proof, old->peer_proof, sizeof(heir->peer_proof));
	heir->ppk = old->ppk;
	memcpy(heir->ppk_proof, old->ppk_proof, sizeof(heir->ppk_proof));
	heir->fragmentation = old->fragmentation;
	if (gikev2_nat_inherit(heir, old) < 0 ||
	    (old->peer && gikev2_ike_set_peer(heir, old->peer) < 0)) {
		gikev2_ike_end(heir, -GIKEV2_ERR_NO_MEMORY, 0);
		return NULL;
	}
	return heir;
}

/* The I flag tells whose SPI is ours: that of whoever did not send this. */
struct gikev2_ike *gikev2_ike_find(struct gikev2 *engine,
				   const struct gikev2_header *header)
{
	bool initiator = !(header->flags & GIKEV2_FLAG_I);
	struct gikev2_ike *ike = find_own(
		engine, initiator ? header->spi_i : header->spi_r, initiator);

	/* an heir that is not agreed on has no keys: nothing that comes is for it */
	if (!ike || ike->state == GIKEV2_IKE_REKEYING)
		return NULL;
	/* the answer to our first message is how we learn the other SPI */
	if (ike->state == GIKEV2_IKE_INIT_SENT)
		return header->exchange == GIKEV2_IKE_SA_INIT ? ike : NULL;
	if (memcmp(ike->spi_i, header->spi_i, GIKEV2_SPI_LEN) ||
	    memcmp(ike->spi_r, header->spi_r, GIKEV2_SPI_LEN))
		return NULL;
	return ike;
}

int gikev2_ike_set_peer(struct gikev2_ike *ike, const struct gikev2_id *id)
{
	struct gikev2_id *peer = gikev2_id_dup(id);

	if (!peer)
		return -GIKEV2_ERR_NO_MEMORY;
	free(ike->peer);
	ike->peer = peer;
	return 0;
}

static void setup_free(struct gikev2_ike *ike)
{
	struct gikev2_setup *setup = ike->setup;

	if (!setup)
		return;
	gikev2_ke_free(setup->ke);
	gikev2_octets_free(&setup->peer_ke);
	gikev2_octets_free(&setup->ni);
	gikev2_octets_free(&setup->nr);
	gikev2_octets_free(&setup->init_request);
	gikev2_octets_free(&setup->init_response);
	gikev2_octets_free(&setup->cookie);
	gikev2_octets_free(&setup->addke.secrets);
	gikev2_octets_free(&setup->addke.link);
	gikev2_octets_free(&setup->certreq);
	explicit_bzero(setup, sizeof(*setup));
	free(setup);
	ike->setup = NULL;
}

static void settle(struct gikev2_ike *ike, uint64_t now)
{
	uint64_t life = ike->engine->params.rekey_time;

	gikev2_half_open_remove(ike);
	setup_free(ike);
	gikev2_ike_changed(ike);
	if (life)
		ike->rekey_at = now + gikev2_jitter(ike->engine, life);
	ike->state = GIKEV2_IKE_ESTABLISHED;
	ike->established = ike->last_seen = now;
	gikev2_nat_keep_alive(ike, now);
	gikev2_timer_set(&ike->engine->timers, &ike->timer,
			 now + ike->engine->params.liveness_time);
}

void gikev2_ike_established(struct gikev2_ike *ike, uint64_t now)
{
	settle(ike, now);
	if (!ike->peer)
		return;
	gikev2_peers_add(ike);
	gikev2_peers_limit(ike, now);
}

/* Who uses the SA lets go of it. */
static void tell_owner(struct gikev2_ike *ike, int err, uint64_t now)
{
	gikev2_gms_release(ike, err, now);
	gikev2_ties_end(ike, err, now);
}

/* An heir that was not agreed on dies with its parent. */
static void end_heir(struct gikev2_ike *heir, int err, uint64_t now)
{
	if (heir && heir->state == GIKEV2_IKE_REKEYING)
		gikev2_ike_end(heir, err, now);
}

static void leave_parent(struct gikev2_ike *ike)
{
	struct gikev2_ike *parent = ike->parent;

	ike->parent = NULL;
	if (parent && parent->heir == ike)
		parent->heir = NULL;
	if (parent && parent->peer_heir == ike)
		parent->peer_heir = NULL;
}

void gikev2_ike_end(struct gikev2_ike *ike, int err, uint64_t now)
{
	struct gikev2 *engine = ike->engine;

	if (ike->dead)
		return;
	gikev2_ike_forget(ike);
	ike->dead = true;
	remove_bucket(ike);
	gikev2_half_open_remove(ike);
	gikev2_peers_remove(ike);
	if (ike->prev)
		ike->prev->next = ike->next;
	else
		engine->ikes = ike->next;
	if (ike->next)
		ike->next->prev = ike->prev;
	engine->totals.ike_sas--;
	gikev2_timer_fini(&engine->timers, &ike->timer);
	gikev2_nat_fini(ike);
	ike->next = engine->dead;
	engine->dead = ike;
	leave_parent(ike);
	end_heir(ike->heir, err, now);
	end_heir(ike->peer_heir, err, now);
	if (!gikev2_inherit(ike, now))
		tell_owner(ike, err, now);
	gikev2_disinherit(ike);
}

void gikev2_ike_delete(struct gikev2_ike *ike, int err, uint64_t now)
{
	if (ike->dead || ike->state == GIKEV2_IKE_DELETING)
		return;
	if (ike->state != GIKEV2_IKE_ESTABLISHED) {
		gikev2_ike_end(ike, err, now);
		return;
	}
	tell_owner(ike, err, now);
	gikev2_want(ike, GIKEV2_WANT_DELETE, now);
}

void gikev2_ike_failed(struct gikev2_ike *ike, int err, uint64_t now)
{
	ike->failed = err;
	if (ike->state == GIKEV2_IKE_AUTH_SENT)
		settle(ike, now);
	gikev2_ike_delete(ike, err, now);
}

static void ike_free(struct gikev2_ike *ike)
{
	setup_free(ike);
	gikev2_octets_free(&ike->request);
	gikev2_octets_free(&ike->response);
	gikev2_octets_free(&ike->low);
	gikev2_fragments_free(&ike->fragments);
	gikev2_ties_free(ike);
	free(ike->peer);
	explicit_bzero(ike, sizeof(*ike));
	free(ike);
}

/* ---------------------------------------------------------- from saved state */

struct gikev2_ike *gikev2_ike_empty(struct gikev2 *engine)
{
	struct gikev2_ike *ike = calloc(1, sizeof(*ike));

	if (!ike)
		return NULL;
	ike->engine = engine;
	ike->server = true;
	ike->state = GIKEV2_IKE_REKEYING;
	if (gikev2_timer_init(&engine->timers, &ike->timer, gikev2_ike_timer,
			      ike) < 0) {
		free(ike);
		return NULL;
	}
	return ike;
}

int gikev2_ike_insert(struct gikev2_ike *ike)
{
	int ret = grow_buckets(ike->engine);

	if (ret == 0)
		insert(ike);
	return ret;
}

void gikev2_ike_discard(struct gikev2_ike *ike)
{
	gikev2_timer_fini(&ike->engine->timers, &ike->timer);
	ike_free(ike);
}

/* -------------------------------------------------------------------- burial */

void gikev2_bury(struct gikev2 *engine)
{
	gikev2_state_save(engine);
	while (engine->dead) {
		struct gikev2_ike *ike = engine->dead;

		engine->dead = ike->next;
		ike_free(ike);
	}
}
