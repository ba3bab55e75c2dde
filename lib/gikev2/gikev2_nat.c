// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * NAT traversal: detection, the move to the NAT-T port, keepalives, and peers
 * whose address changes.
 */
#include <string.h>

#include "gikev2/gikev2_nat.h"

#define HASH_LEN 20
#define KEEPALIVE_OCTET 0xff

static const uint8_t marker[GIKEV2_MARKER_LEN];

/* ----------------------------------------------------------------- framing */

struct gikev2_chunk gikev2_nat_frame(struct gikev2 *engine,
				     struct gikev2_chunk message)
{
	memcpy(engine->scratch->framed, marker, sizeof(marker));
	memcpy(engine->scratch->framed + sizeof(marker), message.ptr,
	       message.len);
	return (struct gikev2_chunk){ engine->scratch->framed,
				      sizeof(marker) + message.len };
}

int gikev2_nat_unframe(struct gikev2_chunk *datagram)
{
	if (datagram->len == 1 && *datagram->ptr == KEEPALIVE_OCTET)
		return GIKEV2_KEEPALIVE;
	/* all else is ESP, and the keys that we hand out are for no ESP in UDP */
	if (datagram->len < sizeof(marker) ||
	    memcmp(datagram->ptr, marker, sizeof(marker)))
		return -GIKEV2_ERR_NOT_IKE;
	datagram->ptr += sizeof(marker);
	datagram->len -= sizeof(marker);
	return 0;
}

/* --------------------------------------------------------------- detection */

/* SHA-1(SPIi | SPIr | address | port): it proves nothing, it only compares. */
static int address_hash(struct gikev2 *engine, const uint8_t *spi_i,
			const uint8_t *spi_r,
			const struct gikev2_endpoint *endpoint,
			uint8_t hash[HASH_LEN])
{
	uint8_t octets[2 * GIKEV2_SPI_LEN + sizeof(endpoint->ip) + 2];
	struct gikev2_buf buf = { .ptr = octets, .size = sizeof(octets) };

	gikev2_buf_put(&buf, spi_i, GIKEV2_SPI_LEN);
	gikev2_buf_put(&buf, spi_r, GIKEV2_SPI_LEN);
	gikev2_buf_put(&buf, endpoint->ip, endpoint->family == 4 ? 4 : 16);
	gikev2_buf_int(&buf, endpoint->port, 2);
	return gikev2_sha1(engine->crypto,
			   (struct gikev2_chunk){ octets, buf.len }, hash);
}

static int add(struct gikev2_ike *ike, struct gikev2_payloads *tx,
	       uint16_t type, const struct gikev2_endpoint *endpoint)
{
	uint8_t *hash = gikev2_arena_alloc(&ike->engine->arena, HASH_LEN);
	int ret;

	if (!hash)
		return -GIKEV2_ERR_NO_MEMORY;
	ret = address_hash(ike->engine, ike->spi_i, ike->spi_r, endpoint, hash);
	gikev2_notify_add(tx, type, hash, HASH_LEN);
	return ret;
}

static int add_both(struct gikev2_ike *ike, struct gikev2_payloads *tx,
		    const struct gikev2_path *path)
{
	int ret = add(ike, tx, GIKEV2_N_NAT_DETECTION_SOURCE_IP, &path->local);

	if (ret == 0)
		ret = add(ike, tx, GIKEV2_N_NAT_DETECTION_DESTINATION_IP,
			  &path->remote);
	return ret;
}

/* 1: there are notifies of that type, none with that hash; else 0. */
static bool differs(const struct gikev2_payloads *payloads, uint16_t type,
		    const uint8_t hash[HASH_LEN])
{
	bool any = false;

	for (size_t i = 0; i < payloads->count; i++) {
		const struct gikev2_pld_notify *notify =
			&payloads->item[i].notify;

		if (payloads->item[i].type != GIKEV2_PLD_NOTIFY ||
		    notify->type != type)
			continue;
		any = true;
		if (notify->data.len == HASH_LEN &&
		    memcmp(notify->data.ptr, hash, HASH_LEN) == 0)
			return false;
	}
	return any;
}

/* Compares what the peer sees with what we see. */
static int detect(struct gikev2_ike *ike, const struct gikev2_rx *rx)
{
	const struct gikev2_header *header = &rx->header;
	uint8_t hash[HASH_LEN];
	int ret = address_hash(ike->engine, header->spi_i, header->spi_r,
			       &rx->path->remote, hash);

	if (ret < 0)
		return ret;
	ike->nat = 0;
	if (differs(rx->payloads, GIKEV2_N_NAT_DETECTION_SOURCE_IP, hash))
		ike->nat |= GIKEV2_NAT_PEER;
	ret = address_hash(ike->engine, header->spi_i, header->spi_r,
			   &rx->path->local, hash);
	if (ret == 0 &&
	    differs(rx->payloads, GIKEV2_N_NAT_DETECTION_DESTINATION_IP, hash))
		ike->nat |= GIKEV2_NAT_SELF;
	return ret;
}

/* --------------------------------------------------------------- keepalives */

static void keepalive_fire(void *owner, uint64_t now)
{
	struct gikev2_ike *ike = owner;
	struct gikev2 *engine = ike->engine;
	const uint8_t octet = KEEPALIVE_OCTET;

	/* whatever we sent has kept the NAT's mapping alive as well */
	if (ike->last_sent + engine->params.keepalive_time <= now) {
		ike->last_sent = now;
		if (engine->callbacks->output(engine->arg, &ike->path, &octet,
					      sizeof(octet)) < 0)
			gikev2_count(engine, GIKEV2_ERR_OUTPUT);
		else
			engine->totals.datagrams_out++;
	}
	gikev2_nat_keep_alive(ike, ike->last_sent);
}

/* Makes room for a timer where keepalives may become necessary. */
static int prepare(struct gikev2_ike *ike)
{
	if (!(ike->nat & GIKEV2_NAT_SELF) || ike->keepalive.fire)
		return 0;
	return gikev2_timer_init(&ike->engine->timers, &ike->keepalive,
				 keepalive_fire, ike);
}

void gikev2_nat_keep_alive(struct gikev2_ike *ike, uint64_t now)
{
	if (ike->keepalive.fire && ike->path.natt)
		gikev2_timer_set(&ike->engine->timers, &ike->keepalive,
				 now + ike->engine->params.keepalive_time);
}

void gikev2_nat_fini(struct gikev2_ike *ike)
{
	gikev2_timer_fini(&ike->engine->timers, &ike->keepalive);
}

/* --------------------------------------------------------- the life of an SA */

/*
 * Without a source address of ours that is known, the hash is one of no
 * address at all: that differs from what the peer sees, and so it will take us
 * for one whose address may change.
 */
int gikev2_nat_offer(struct gikev2_ike *ike, struct gikev2_payloads *tx)
{
	struct gikev2 *engine = ike->engine;
	struct gikev2_path path = ike->path;

	if (!path.local.family || !path.local.port) {
		path.local =
			(struct gikev2_endpoint){ .family =
							  path.remote.family };
		if (engine->callbacks->source &&
		    engine->callbacks->source(engine->arg, &path.remote,
					      &path.local) < 0)
			path.local.port = 0;
	}
	return add_both(ike, tx, &path);
}

int gikev2_nat_answered(struct gikev2_ike *ike, const struct gikev2_rx *rx)
{
	uint16_t port = ike->setup->nat_port;
	int ret = detect(ike, rx);

	if (ret == 0)
		ret = prepare(ike);
	if (ret < 0 || !ike->nat || !port)
		return ret;
	ike->path = *rx->path;
	ike->path.local.port = ike->engine->params.nat_port;
	ike->path.remote.port = port;
	ike->path.natt = true;
	return 0;
}

/* With no NAT-T port there is nothing that the peer could move on to. */
int gikev2_nat_asked(struct gikev2_ike *ike, const struct gikev2_rx *rx,
		     struct gikev2_payloads *tx)
{
	int ret = detect(ike, rx);

	if (ret == 0)
		ret = prepare(ike);
	if (ret < 0 || !ike->engine->params.nat_port ||
	    !gikev2_notify_find(rx->payloads, GIKEV2_N_NAT_DETECTION_SOURCE_IP))
		return ret;
	return add_both(ike, tx, rx->path);
}

int gikev2_nat_inherit(struct gikev2_ike *heir, const struct gikev2_ike *old)
{
	heir->nat = old->nat;
	return prepare(heir);
}

/*
 * Only the side that is not behind a NAT itself follows the other: for the one
 * behind, a datagram with another source is more likely a forgery, with which
 * somebody would cut it off.  An SA that is not established yet follows in any
 * case: the initiator may have moved on to the NAT-T port.
 */
void gikev2_nat_follow(struct gikev2_ike *ike, const struct gikev2_rx *rx)
{
	bool moved =
		ike->state == GIKEV2_IKE_HALF_OPEN ||
		(ike->nat & GIKEV2_NAT_PEER && !(ike->nat & GIKEV2_NAT_SELF));

	if (!moved)
		return;
	ike->path = *rx->path;
	for (struct gikev2_gm *gm = ike->gms; gm; gm = gm->ike_next)
		gikev2_address_moved(gm, &ike->path);
}
