// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Key table: rows (RFC 7210) and the protocols that can be keyed.
 */
#include <string.h>

#include "keytable/keytable.h"

#define ALGO_HMACS                                                             \
	(KEYTABLE_ALGO_BIT(KEYTABLE_HMAC_SHA_1) |                              \
	 KEYTABLE_ALGO_BIT(KEYTABLE_HMAC_SHA_256) |                            \
	 KEYTABLE_ALGO_BIT(KEYTABLE_HMAC_SHA_384) |                            \
	 KEYTABLE_ALGO_BIT(KEYTABLE_HMAC_SHA_512))

static const struct keytable_algorithm algorithms[] = {
	{ KEYTABLE_KEYED_MD5, "md5", 16 },
	{ KEYTABLE_HMAC_SHA_1, "hmac-sha-1", 20 },
	{ KEYTABLE_HMAC_SHA_256, "hmac-sha-256", 32 },
	{ KEYTABLE_HMAC_SHA_384, "hmac-sha-384", 48 },
	{ KEYTABLE_HMAC_SHA_512, "hmac-sha-512", 64 },
};

static const struct keytable_protocol protocols[] = {
	{
		.wire = 201,
		.name = "ospfv2",
		.wire_name = "GSA_PROTO_OSPFv2",
		.daemons = { "ospfd" },
		.body = KEYTABLE_BODY_OSPFV2,
		.spi_size = 1,
		.id_min = 1,
		.id_max = 255,
		.applier = KEYTABLE_APPLY_KEYCHAIN,
		.algorithms = KEYTABLE_ALGO_BIT(KEYTABLE_KEYED_MD5) |
			      ALGO_HMACS,
	},
};

#define N_ALGORITHMS (sizeof(algorithms) / sizeof(algorithms[0]))
#define N_PROTOCOLS (sizeof(protocols) / sizeof(protocols[0]))

const struct keytable_protocol *keytable_protocols(size_t *count)
{
	*count = N_PROTOCOLS;
	return protocols;
}

const struct keytable_protocol *keytable_protocol_by_wire(uint8_t wire)
{
	for (size_t i = 0; i < N_PROTOCOLS; i++)
		if (protocols[i].wire == wire)
			return &protocols[i];
	return NULL;
}

const struct keytable_protocol *keytable_protocol_by_name(const char *name)
{
	for (size_t i = 0; i < N_PROTOCOLS; i++)
		if (strcmp(protocols[i].name, name) == 0)
			return &protocols[i];
	return NULL;
}

const struct keytable_algorithm *keytable_algorithm_by_id(uint16_t id)
{
	for (size_t i = 0; i < N_ALGORITHMS; i++)
		if (algorithms[i].id == id)
			return &algorithms[i];
	return NULL;
}

const struct keytable_algorithm *keytable_algorithm_by_name(const char *name)
{
	for (size_t i = 0; i < N_ALGORITHMS; i++)
		if (strcmp(algorithms[i].name, name) == 0)
			return &algorithms[i];
	return NULL;
}

size_t keytable_key_len(const struct keytable_protocol *protocol,
			uint16_t algorithm)
{
	const struct keytable_algorithm *alg =
		keytable_algorithm_by_id(algorithm);

	if (!alg || !(protocol->algorithms & KEYTABLE_ALGO_BIT(alg->id)))
		return 0;
	return alg->length - protocol->key_suffix;
}

bool keytable_row_valid(const struct keytable_row *row)
{
	const struct keytable_protocol *protocol =
		keytable_protocol_by_wire(row->protocol);
	size_t len;

	if (!protocol || row->id < protocol->id_min ||
	    row->id > protocol->id_max)
		return false;
	len = keytable_key_len(protocol, row->algorithm);
	return len && row->key_len == len && !memchr(row->key, 0, len);
}

bool keytable_row_can_send(const struct keytable_row *row, uint64_t now)
{
	return row->direction & KEYTABLE_OUT && row->send_start <= now &&
	       now < row->send_end;
}

bool keytable_row_can_accept(const struct keytable_row *row, uint64_t now)
{
	return row->direction & KEYTABLE_IN && row->accept_start <= now &&
	       now < row->accept_end;
}

void keytable_wipe(struct keytable_row *rows, size_t count)
{
	if (count) /* an empty set may be NULL */
		explicit_bzero(rows, count * sizeof(*rows));
}
