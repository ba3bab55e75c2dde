// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Half-open IKE SAs: what strangers can make us remember, in all and by the
 * network that they come from.
 */
#include <string.h>

#include "gikev2/gikev2_int.h"

/* Octets of an address that tell networks apart: /24 and /56. */
#define PREFIX_4 3
#define PREFIX_6 7

/* ---------------------------------------------------------------- by request */

static struct gikev2_ike **bucket(struct gikev2 *engine, const uint8_t *spi_i)
{
	uint32_t hash = gikev2_get_int(spi_i, 4) ^ gikev2_get_int(spi_i + 4, 4);

	return &engine->half_open[(hash ^ hash >> 8 ^ hash >> 16) %
				  GIKEV2_HALF_BUCKETS];
}

struct gikev2_ike *gikev2_half_open_find(const struct gikev2_rx *rx)
{
	struct gikev2_ike *ike = *bucket(rx->engine, rx->header.spi_i);

	for (; ike; ike = ike->half_next) {
		const struct gikev2_octets *request = &ike->setup->init_request;

		if (request->len == rx->raw.len &&
		    memcmp(request->ptr, rx->raw.ptr, rx->raw.len) == 0)
			return ike;
	}
	return NULL;
}

/* ---------------------------------------------------------------- by network */

/*
 * Networks that share a counter by chance share its limit.  Nobody outside can
 * know which do; there are four times as many counters as half-open SAs by
 * default.
 */
static uint16_t *counter(struct gikev2 *engine, const struct gikev2_path *path)
{
	const struct gikev2_endpoint *remote = &path->remote;
	size_t len = remote->family == 4 ? PREFIX_4 : PREFIX_6;
	uint64_t hash;

	if (!engine->half_open_seed &&
	    gikev2_random(engine, (uint8_t *)&engine->half_open_seed,
			  sizeof(engine->half_open_seed)) < 0)
		engine->half_open_seed = 0;
	hash = engine->half_open_seed ^ remote->family ^
	       gikev2_get_int(remote->ip, len) << 8;
	hash = (hash ^ hash >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	hash = (hash ^ hash >> 27) * UINT64_C(0x94d049bb133111eb);
	return &engine->half_open_networks[(hash ^ hash >> 31) %
					   GIKEV2_HALF_NETWORKS];
}

bool gikev2_half_open_full(const struct gikev2_rx *rx)
{
	uint32_t most = rx->engine->params.half_open_prefix_max;

	return most && *counter(rx->engine, rx->path) >= most;
}

bool gikev2_half_open_crowded(const struct gikev2_rx *rx)
{
	uint32_t most = rx->engine->params.half_open_prefix_max;

	return most && *counter(rx->engine, rx->path) >= (most + 3) / 4;
}

/* ----------------------------------------------------------------------- both */

void gikev2_half_open_add(struct gikev2_ike *ike)
{
	struct gikev2 *engine = ike->engine;
	struct gikev2_ike **head = bucket(engine, ike->spi_i);
	uint16_t *network = counter(engine, &ike->path);

	ike->half_next = *head;
	*head = ike;
	ike->half_network = network - engine->half_open_networks;
	++*network;
	engine->totals.half_open++;
}

void gikev2_half_open_remove(struct gikev2_ike *ike)
{
	struct gikev2 *engine = ike->engine;
	struct gikev2_ike **at = bucket(engine, ike->spi_i);

	while (*at && *at != ike)
		at = &(*at)->half_next;
	if (!*at)
		return;
	*at = ike->half_next;
	engine->half_open_networks[ike->half_network]--;
	engine->totals.half_open--;
}
