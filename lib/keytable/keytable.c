// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Key table: rows (RFC 7210) and the protocols that can be keyed.
 */
#include <stdio.h>
#include <string.h>

#include "keytable/keytable.h"

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

#define IPPROTO_OSPF 89
#define IPPROTO_PIM_LINK 103

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

/* Position is the bit: an entry may be added at the end, none removed. */
static const struct keytable_transform transforms[] = {
	{ KEYTABLE_ENCR, 11, 0, "null", 0, 0, false },
	{ KEYTABLE_ENCR, 12, 128, "aes-cbc-128", 16, 0, false },
	{ KEYTABLE_ENCR, 12, 256, "aes-cbc-256", 32, 0, false },
	{ KEYTABLE_ENCR, 20, 128, "aes-gcm-128", 20, 4, true },
	{ KEYTABLE_ENCR, 20, 256, "aes-gcm-256", 36, 4, true },
	{ KEYTABLE_ENCR, 21, 128, "aes-gmac-128", 20, 4, true },
	{ KEYTABLE_ENCR, 21, 256, "aes-gmac-256", 36, 4, true },
	{ KEYTABLE_ENCR, 28, 0, "chacha20-poly1305", 36, 4, true },
	{ KEYTABLE_INTEG, 2, 0, "hmac-sha-1-96", 20, 0, false },
	{ KEYTABLE_INTEG, 12, 0, "hmac-sha-256-128", 32, 0, false },
	{ KEYTABLE_INTEG, 13, 0, "hmac-sha-384-192", 48, 0, false },
	{ KEYTABLE_INTEG, 14, 0, "hmac-sha-512-256", 64, 0, false },
};

#define ALL_TRANSFORMS ((1u << ARRAY_LEN(transforms)) - 1)
#define FIRST_INTEG 8
#define ALL_INTEG (ALL_TRANSFORMS & ~((1u << FIRST_INTEG) - 1))

/* fe80::/10 */
#define LINK_LOCAL                                                             \
	{                                                                      \
		0xfe, 0x80                                                     \
	}

/* SPIs below 256 are reserved (RFC 4303 section 2.1). */
#define IPSEC_SPI                                                              \
	.spi_size = 4, .id_min = 256, .id_max = UINT32_MAX,                    \
	.id_new_max = UINT32_MAX

static const struct keytable_protocol protocols[KEYTABLE_PROTOCOLS] = {
	{
		.wire = 201,
		.name = "ospfv2",
		.wire_name = "GSA_PROTO_OSPFv2",
		.daemons = { "ospfd" },
		.body = KEYTABLE_BODY_OSPFV2,
		.spi_size = 1,
		.id_min = 1,
		.id_max = 255,
		.id_new_max = 255,
		.applier = KEYTABLE_APPLY_KEYCHAIN,
		.families = KEYTABLE_IPV4,
		.algorithms = KEYTABLE_ALGO_BIT(KEYTABLE_KEYED_MD5) |
			      ALGO_HMACS,
	},
	{
		.wire = 202,
		.name = "ospfv3-ipsec",
		.wire_name = "GSA_PROTO_OSPFv3",
		.daemons = { "ospf6d" },
		.body = KEYTABLE_BODY_TRANSFORMS,
		IPSEC_SPI,
		.applier = KEYTABLE_APPLY_IPSEC,
		.families = KEYTABLE_IPV6,
		.ip_protocol = IPPROTO_OSPF,
		.selectors = { { KEYTABLE_IPV6, 10, 0, LINK_LOCAL, { 0 } } },
		.algorithms = ALL_TRANSFORMS,
	},
	{
		.wire = 203,
		.name = "pim-ipsec",
		.wire_name = "GSA_PROTO_PIM",
		.daemons = { "pimd", "pim6d" },
		.body = KEYTABLE_BODY_TRANSFORMS,
		IPSEC_SPI,
		.applier = KEYTABLE_APPLY_IPSEC,
		.families = KEYTABLE_IPV4 | KEYTABLE_IPV6,
		.ip_protocol = IPPROTO_PIM_LINK,
		.selectors = { { KEYTABLE_IPV4, 0, 32, { 0 }, { 224, 0, 0, 13 } },
			       { KEYTABLE_IPV6,
				 10,
				 128,
				 LINK_LOCAL,
				 { 0xff, 0x02, [15] = 0x0d } } },
		.algorithms = ALL_TRANSFORMS,
	},
	{
		.wire = 204,
		.name = "ospfv3",
		.wire_name = "GSA_PROTO_OSPFv3_AT",
		.daemons = { "ospf6d" },
		.body = KEYTABLE_BODY_OSPFV3_AT,
		.spi_size = 2,
		.id_min = 1,
		.id_max = 65535,
		.id_new_max = 255, /* BIRD takes no others */
		.applier = KEYTABLE_APPLY_KEYCHAIN,
		.families = KEYTABLE_IPV6,
		.key_suffix = 2, /* RFC 7166: Ks = K | 0x0001 */
		.algorithms = ALGO_HMACS,
	},
	{
		.wire = 205,
		.name = "ripv2",
		.wire_name = "GSA_PROTO_RIPv2",
		.daemons = { "ripd" },
		.body = KEYTABLE_BODY_OSPFV2,
		.spi_size = 1,
		.id_min = 1,
		.id_max = 255,
		.id_new_max = 255,
		.applier = KEYTABLE_APPLY_KEYCHAIN,
		.families = KEYTABLE_IPV4,
		/* all that ripd can do */
		.algorithms = KEYTABLE_ALGO_BIT(KEYTABLE_KEYED_MD5),
	},
	{
		.wire = 2,
		.name = "ah",
		.wire_name = "AH",
		.body = KEYTABLE_BODY_SELECTORS,
		IPSEC_SPI,
		.applier = KEYTABLE_APPLY_IPSEC,
		.families = KEYTABLE_IPV4 | KEYTABLE_IPV6,
		.algorithms = ALL_INTEG,
	},
	{
		.wire = 3,
		.name = "esp",
		.wire_name = "ESP",
		.body = KEYTABLE_BODY_SELECTORS,
		IPSEC_SPI,
		.applier = KEYTABLE_APPLY_IPSEC,
		.families = KEYTABLE_IPV4 | KEYTABLE_IPV6,
		.algorithms = ALL_TRANSFORMS,
	},
};

#define N_ALGORITHMS ARRAY_LEN(algorithms)
#define N_PROTOCOLS ARRAY_LEN(protocols)

/* ------------------------------------------------------------------ look-ups */

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
		if (protocols[i].daemons[0] &&
		    strcmp(protocols[i].name, name) == 0)
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

const struct keytable_transform *keytable_transforms(size_t *count)
{
	*count = ARRAY_LEN(transforms);
	return transforms;
}

const struct keytable_transform *
keytable_transform_find(uint8_t type, uint16_t id, uint16_t key_bits)
{
	for (size_t i = 0; i < ARRAY_LEN(transforms); i++)
		if (transforms[i].type == type && transforms[i].id == id &&
		    transforms[i].key_bits == key_bits)
			return &transforms[i];
	return NULL;
}

const struct keytable_transform *keytable_transform_by_name(uint8_t type,
							    const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(transforms); i++)
		if (transforms[i].type == type &&
		    strcmp(transforms[i].name, name) == 0)
			return &transforms[i];
	return NULL;
}

uint32_t keytable_transform_bit(const struct keytable_transform *transform)
{
	return 1u << (transform - transforms);
}

const char *keytable_bit_name(const struct keytable_protocol *protocol,
			      uint32_t bit)
{
	unsigned int place;

	if (!(protocol->algorithms & bit) || bit & (bit - 1))
		return NULL;
	place = __builtin_ctz(bit);
	if (protocol->applier == KEYTABLE_APPLY_IPSEC)
		return transforms[place].name;
	return keytable_algorithm_by_id(place)->name;
}

/* -------------------------------------------------------------------- suites */

static const struct keytable_transform *
suite_encr(const struct keytable_suite *suite)
{
	return keytable_transform_find(KEYTABLE_ENCR, suite->encr,
				       suite->encr_bits);
}

static const struct keytable_transform *
suite_integ(const struct keytable_suite *suite)
{
	return keytable_transform_find(KEYTABLE_INTEG, suite->integ, 0);
}

/*
 * AH is INTEG alone, ESP is AEAD alone or ENCR with INTEG: never encryption
 * without integrity (RFC 4552 section 3, RFC 5796 section 6).
 */
static bool suite_valid(const struct keytable_suite *suite)
{
	const struct keytable_transform *encr = suite_encr(suite);

	if (suite->encr && !encr)
		return false;
	if (encr && encr->aead)
		return !suite->integ;
	return suite_integ(suite) && (encr || !suite->encr_bits);
}

size_t keytable_suite_key_len(const struct keytable_suite *suite)
{
	const struct keytable_transform *encr = suite_encr(suite);
	const struct keytable_transform *integ = suite_integ(suite);

	if (!suite_valid(suite))
		return 0;
	return (encr ? encr->key_len : 0) + (integ ? integ->key_len : 0);
}

size_t keytable_suite_cipher_len(const struct keytable_suite *suite)
{
	const struct keytable_transform *encr = suite_encr(suite);

	return encr ? encr->key_len - encr->salt_len : 0;
}

uint32_t keytable_suite_bits(const struct keytable_suite *suite)
{
	const struct keytable_transform *encr = suite_encr(suite);
	const struct keytable_transform *integ = suite_integ(suite);

	if (!suite_valid(suite))
		return 0;
	return (encr ? keytable_transform_bit(encr) : 0) |
	       (integ ? keytable_transform_bit(integ) : 0);
}

bool keytable_suite_counter(const struct keytable_suite *suite)
{
	const struct keytable_transform *encr = suite_encr(suite);

	return encr && encr->aead;
}

const char *keytable_suite_text(const struct keytable_suite *suite, char *buf,
				size_t size)
{
	const struct keytable_transform *encr = suite_encr(suite);
	const struct keytable_transform *integ = suite_integ(suite);

	snprintf(buf, size, "%s%s%s%s%s", suite->encr ? "esp" : "ah",
		 encr ? " " : "", encr ? encr->name : "", integ ? " " : "",
		 integ ? integ->name : "");
	return buf;
}

/* ---------------------------------------------------------------------- rows */

size_t keytable_key_len(const struct keytable_protocol *protocol,
			uint16_t algorithm)
{
	const struct keytable_algorithm *alg =
		keytable_algorithm_by_id(algorithm);

	if (!alg || protocol->applier != KEYTABLE_APPLY_KEYCHAIN ||
	    !(protocol->algorithms & KEYTABLE_ALGO_BIT(alg->id)))
		return 0;
	return alg->length - protocol->key_suffix;
}

const char *keytable_row_algorithm(const struct keytable_row *row, char *buf,
				   size_t size)
{
	const struct keytable_algorithm *alg =
		keytable_algorithm_by_id(row->algorithm);

	if (!row->algorithm)
		return keytable_suite_text(&row->ipsec.suite, buf, size);
	snprintf(buf, size, "%s", alg ? alg->name : "unknown");
	return buf;
}

/* Exactly what a counter mode needs for sending, and nothing otherwise. */
static bool sender_ids_valid(const struct keytable_row *row)
{
	const struct keytable_ipsec *ipsec = &row->ipsec;

	if (!keytable_suite_counter(&ipsec->suite))
		return !ipsec->sender_id_bits && !ipsec->sender_id_count;
	if (!(row->direction & KEYTABLE_OUT))
		return true;
	if (ipsec->sender_id_bits != 8 && ipsec->sender_id_bits != 12 &&
	    ipsec->sender_id_bits != 16)
		return false;
	if (!ipsec->sender_id_count ||
	    ipsec->sender_id_count > KEYTABLE_SENDER_IDS_MAX)
		return false;
	for (size_t i = 0; i < ipsec->sender_id_count; i++)
		if (ipsec->sender_ids[i] >> ipsec->sender_id_bits)
			return false;
	return true;
}

static bool ipsec_valid(const struct keytable_row *row,
			const struct keytable_protocol *protocol)
{
	const struct keytable_ipsec *ipsec = &row->ipsec;
	size_t len = keytable_suite_key_len(&ipsec->suite);

	if (!len || row->key_len != len || row->algorithm)
		return false;
	if (!ipsec->families || ipsec->families & ~protocol->families)
		return false;
	if (ipsec->sn == KEYTABLE_SN_SEQUENTIAL ? !ipsec->sender
						: ipsec->sender != 0)
		return false;
	return (ipsec->sn == KEYTABLE_SN_SEQUENTIAL ||
		ipsec->sn == KEYTABLE_SN_UNSPECIFIED) &&
	       sender_ids_valid(row);
}

bool keytable_row_valid(const struct keytable_row *row)
{
	const struct keytable_protocol *protocol =
		keytable_protocol_by_wire(row->protocol);
	size_t len;

	if (!protocol || !protocol->daemons[0] || row->id < protocol->id_min ||
	    row->id > protocol->id_max)
		return false;
	if (protocol->applier == KEYTABLE_APPLY_IPSEC)
		return ipsec_valid(row, protocol);
	len = keytable_key_len(protocol, row->algorithm);
	return len && row->key_len == len && !memchr(row->key, 0, len);
}

bool keytable_ipsec_equal(const struct keytable_ipsec *a,
			  const struct keytable_ipsec *b)
{
	return a->suite.encr == b->suite.encr &&
	       a->suite.encr_bits == b->suite.encr_bits &&
	       a->suite.integ == b->suite.integ && a->wire == b->wire &&
	       a->families == b->families && a->sn == b->sn &&
	       a->sender == b->sender &&
	       a->sender_id_bits == b->sender_id_bits &&
	       a->sender_id_count == b->sender_id_count &&
	       memcmp(a->sender_ids, b->sender_ids,
		      a->sender_id_count * sizeof(a->sender_ids[0])) == 0;
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
