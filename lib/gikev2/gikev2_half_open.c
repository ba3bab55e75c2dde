// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Half-open IKE SAs: what strangers can make us remember, in all and by the
 * network that they come from.  And the addresses of members: from each of them
 * there is one place more, which strangers cannot take.
 */
#include <stdlib.h>
#include <string.h>

#include "gikev2/gikev2_int.h"

/* Octets of an address that tell networks apart: /24 and /56. */
#define PREFIX_4 3
#define PREFIX_6 7

/* ---------------------------------------------------------------- by request */

/*
 * So many are looked at for a request that came before.  By SPIs of one's choice
 * all of them can be had into one bucket, and each datagram would walk through it
 * before a cookie is asked for.  The youngest stand in front; a repeat that is not
 * found is a request like another.
 */
#define LOOKS_MAX 16

static struct gikev2_ike **bucket(struct gikev2 *engine, const uint8_t *spi_i)
{
	uint32_t hash = gikev2_get_int(spi_i, 4) ^ gikev2_get_int(spi_i + 4, 4);

	return &engine->half_open[(hash ^ hash >> 8 ^ hash >> 16) %
				  GIKEV2_HALF_BUCKETS];
}

struct gikev2_ike *gikev2_half_open_find(const struct gikev2_rx *rx)
{
	struct gikev2_ike *ike = *bucket(rx->engine, rx->header.spi_i);

	for (int i = 0; ike && i < LOOKS_MAX; i++, ike = ike->half_next) {
		const struct gikev2_octets *request = &ike->setup->init_request;

		if (request->len == rx->raw.len &&
		    memcmp(request->ptr, rx->raw.ptr, rx->raw.len) == 0)
			return ike;
	}
	return NULL;
}

/* ------------------------------------------------------------------- hashing */

/* Of the first `len` octets of an address; nobody outside knows the seed. */
static uint64_t hash_of(struct gikev2 *engine,
			const struct gikev2_endpoint *remote, size_t len)
{
	size_t low = len > 8 ? 8 : len;
	uint64_t hash;

	/* once: what was found by it has to be found again */
	if (!engine->half_open_seed &&
	    gikev2_random(engine, (uint8_t *)&engine->half_open_seed,
			  sizeof(engine->half_open_seed)) < 0)
		engine->half_open_seed = 1;
	hash = engine->half_open_seed ^ (uint64_t)remote->family << 56;
	for (const uint8_t *at = remote->ip; len;
	     at += low, len -= low, low = len) {
		hash ^= gikev2_get_int(at, low);
		hash = (hash ^ hash >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
		hash = (hash ^ hash >> 27) * UINT64_C(0x94d049bb133111eb);
	}
	return hash ^ hash >> 31;
}

/* ---------------------------------------------------------------- by network */

/*
 * Networks that share a counter by chance share its limit.  Nobody outside can
 * know which do; there are four times as many counters as half-open SAs by
 * default.
 */
static uint16_t *counter(struct gikev2 *engine,
			 const struct gikev2_endpoint *remote)
{
	size_t len = remote->family == 4 ? PREFIX_4 : PREFIX_6;

	return &engine->half_open_networks[hash_of(engine, remote, len) %
					   GIKEV2_HALF_NETWORKS];
}

bool gikev2_half_open_crowded(const struct gikev2_rx *rx)
{
	const struct gikev2_params *params = &rx->engine->params;
	uint32_t most = params->half_open_prefix_max;

	return gikev2_half_open_room(rx) < 0 ||
	       (most &&
		*counter(rx->engine, &rx->path->remote) >= (most + 3) / 4);
}

int gikev2_half_open_room(const struct gikev2_rx *rx)
{
	struct gikev2 *engine = rx->engine;
	const struct gikev2_params *params = &engine->params;
	uint32_t most = params->half_open_prefix_max;

	if (engine->totals.half_open - engine->half_open_kept >=
	    params->half_open_max)
		return -GIKEV2_ERR_HALF_OPEN_LIMIT;
	if (most && *counter(engine, &rx->path->remote) >= most)
		return -GIKEV2_ERR_HALF_OPEN_PREFIX;
	return 0;
}

/* ----------------------------------------------------- by address of a member */

/* So many that a walk through one is short; in a table of one size no member
 * waits for others to be moved. */
#define ADDRESS_BUCKETS 4096

struct gikev2_address_bucket {
	struct gikev2_gm *gms;	 /* with such addresses */
	struct gikev2_ike *ikes; /* half open, in their places */
};

static struct gikev2_address_bucket *
address_bucket(struct gikev2 *engine, const struct gikev2_endpoint *remote)
{
	size_t len = remote->family == 4 ? 4 : sizeof(remote->ip);

	return &engine->addresses[hash_of(engine, remote, len) %
				  ADDRESS_BUCKETS];
}

/* Ports tell no routers apart: a NAT gives another one each time. */
static bool same_address(const struct gikev2_endpoint *a,
			 const struct gikev2_endpoint *b)
{
	return a->family == b->family &&
	       memcmp(a->ip, b->ip, a->family == 4 ? 4 : sizeof(a->ip)) == 0;
}

int gikev2_addresses_init(struct gikev2 *engine)
{
	if (!engine->addresses)
		engine->addresses =
			calloc(ADDRESS_BUCKETS, sizeof(*engine->addresses));
	return engine->addresses ? 0 : -GIKEV2_ERR_NO_MEMORY;
}

void gikev2_addresses_free(struct gikev2 *engine)
{
	free(engine->addresses);
	engine->addresses = NULL;
}

void gikev2_address_add(struct gikev2 *engine, struct gikev2_gm *gm)
{
	struct gikev2_gm **head =
		&address_bucket(engine, &gm->path.remote)->gms;

	gm->address_next = *head;
	if (gm->address_next)
		gm->address_next->address_at = &gm->address_next;
	gm->address_at = head;
	*head = gm;
}

void gikev2_address_remove(struct gikev2_gm *gm)
{
	*gm->address_at = gm->address_next;
	if (gm->address_next)
		gm->address_next->address_at = gm->address_at;
}

void gikev2_address_moved(struct gikev2_gm *gm, const struct gikev2_path *path)
{
	bool same = same_address(&gm->path.remote, &path->remote);

	gm->path = *path;
	if (same)
		return;
	gikev2_address_remove(gm);
	gikev2_address_add(gikev2_group_engine(gm->group), gm);
}

bool gikev2_half_open_kept(const struct gikev2_rx *rx)
{
	const struct gikev2_endpoint *remote = &rx->path->remote;
	const struct gikev2_address_bucket *bucket =
		address_bucket(rx->engine, remote);
	const struct gikev2_ike *ike = bucket->ikes;
	const struct gikev2_gm *gm = bucket->gms;

	while (ike && !same_address(&ike->setup->kept_for, remote))
		ike = ike->setup->kept_next;
	while (!ike && gm && !same_address(&gm->path.remote, remote))
		gm = gm->address_next;
	return !ike && gm;
}

static void take_kept(struct gikev2_ike *ike)
{
	struct gikev2_address_bucket *bucket =
		address_bucket(ike->engine, &ike->path.remote);

	/* it may move on to another one */
	ike->setup->kept_for = ike->path.remote;
	ike->setup->kept_next = bucket->ikes;
	bucket->ikes = ike;
	ike->engine->half_open_kept++;
}

static void leave_kept(struct gikev2_ike *ike)
{
	struct gikev2_ike **at =
		&address_bucket(ike->engine, &ike->setup->kept_for)->ikes;

	while (*at != ike)
		at = &(*at)->setup->kept_next;
	*at = ike->setup->kept_next;
	ike->engine->half_open_kept--;
}

/* ------------------------------------------------------------------------ all */

void gikev2_half_open_add(struct gikev2_ike *ike, bool kept)
{
	struct gikev2 *engine = ike->engine;
	struct gikev2_ike **head = bucket(engine, ike->spi_i);
	uint16_t *network = counter(engine, &ike->path.remote);

	ike->half_next = *head;
	if (ike->half_next)
		ike->half_next->half_at = &ike->half_next;
	ike->half_at = head;
	*head = ike;
	engine->totals.half_open++;
	ike->setup->kept = kept;
	if (kept) {
		take_kept(ike);
		return;
	}
	ike->half_network = network - engine->half_open_networks;
	++*network;
}

void gikev2_half_open_remove(struct gikev2_ike *ike)
{
	struct gikev2 *engine = ike->engine;

	if (!ike->half_at)
		return;
	*ike->half_at = ike->half_next;
	if (ike->half_next)
		ike->half_next->half_at = ike->half_at;
	ike->half_at = NULL;
	engine->totals.half_open--;
	if (ike->setup->kept)
		leave_kept(ike);
	else
		engine->half_open_networks[ike->half_network]--;
}
