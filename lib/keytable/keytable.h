// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Key table: the row of RFC 7210 that carries a key through every layer,
 * and the one table of protocols that can be keyed.
 *
 * This folder depends on libc alone; the engine, the key channel, the daemon
 * and the modules all stand on it.
 */
#ifndef KEYTABLE_H
#define KEYTABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Instants are microseconds of CLOCK_MONOTONIC. */
#define KEYTABLE_NEVER UINT64_MAX
#define KEYTABLE_SECOND UINT64_C(1000000)

/* Room for the longest keying material of any protocol, in octets. */
#define KEYTABLE_KEY_MAX 128

/* Rows that one group can have alive at once (generations x protocols). */
#define KEYTABLE_ROWS_MAX 32

/* How the body of a GSA policy substructure is laid out (wire profile). */
enum keytable_body {
	KEYTABLE_BODY_OSPFV2,	  /* SPI(1) RESERVED(1) Auth algo(2) */
	KEYTABLE_BODY_OSPFV3_AT,  /* SPI(2) Auth algo(2) */
	KEYTABLE_BODY_TRANSFORMS, /* SPI(4) Transforms */
	KEYTABLE_BODY_SELECTORS,  /* SPI(4) TS TS Transforms: RFC 9838 */
};

/* What makes a key effective in the router. */
enum keytable_applier {
	KEYTABLE_APPLY_KEYCHAIN,
	KEYTABLE_APPLY_IPSEC,
};

/* Auth algo: the slides' list, in their order. */
enum keytable_auth_algo {
	KEYTABLE_KEYED_MD5 = 1,
	KEYTABLE_HMAC_SHA_1 = 2,
	KEYTABLE_HMAC_SHA_256 = 3,
	KEYTABLE_HMAC_SHA_384 = 4,
	KEYTABLE_HMAC_SHA_512 = 5,
};
#define KEYTABLE_AUTH_ALGO_MAX 5
#define KEYTABLE_ALGO_BIT(algo) (1u << (algo))

/* In SAg an Auth algo is an INTEG transform with this private ID added. */
#define KEYTABLE_SAG_INTEG_BASE 1024

struct keytable_algorithm {
	uint16_t id;
	const char *name; /* in CLI, YANG and show */
	uint8_t length;	  /* digest length L, octets */
};

struct keytable_protocol {
	uint8_t wire;		  /* Security Protocol ID */
	const char *name;	  /* in CLI, YANG and show */
	const char *wire_name;	  /* the slides' name */
	const char *daemons[2];	  /* FRR daemons that use the key */
	enum keytable_body body;
	uint8_t spi_size;	  /* octets */
	uint32_t id_min, id_max;  /* Key ID, SA ID or SPI */
	enum keytable_applier applier;
	uint8_t key_suffix;	  /* octets the protocol appends to K */
	uint32_t algorithms;	  /* KEYTABLE_ALGO_BIT()s; 0: transforms */
};

enum keytable_direction {
	KEYTABLE_DISABLED,
	KEYTABLE_IN,
	KEYTABLE_OUT,
	KEYTABLE_BOTH,
};

/*
 * One key (RFC 7210 section 2).  The group that owns a set of rows is the
 * row's Peers; LocalKeyName and PeerKeyName are both `id`.  Windows are
 * half open: start <= now < end.
 */
struct keytable_row {
	uint8_t protocol;    /* Security Protocol ID, see keytable_protocol */
	uint8_t direction;   /* enum keytable_direction */
	uint16_t algorithm;  /* enum keytable_auth_algo */
	uint32_t id;	     /* Key ID, SA ID or SPI, host order */
	uint64_t accept_start, accept_end;
	uint64_t send_start, send_end;
	uint16_t key_len;    /* octets */
	uint8_t key[KEYTABLE_KEY_MAX];
};

/* Table look-ups: NULL when there is no such entry. */
const struct keytable_protocol *keytable_protocol_by_wire(uint8_t wire);
const struct keytable_protocol *keytable_protocol_by_name(const char *name);
const struct keytable_algorithm *keytable_algorithm_by_id(uint16_t id);
const struct keytable_algorithm *keytable_algorithm_by_name(const char *name);

/* The whole protocol table; *count gets the number of entries. */
const struct keytable_protocol *keytable_protocols(size_t *count);

/*
 * Octets of key that `protocol` takes with `algorithm`, 0 when that pair is
 * not allowed.  Exact on purpose: other lengths make RFC 5709 and plain HMAC
 * differ.
 */
size_t keytable_key_len(const struct keytable_protocol *protocol,
			uint16_t algorithm);

/*
 * True when the row's key may go into a key chain: the exact length, and no
 * NUL octet, since libfrr keeps keys as C strings.
 */
bool keytable_row_valid(const struct keytable_row *row);

bool keytable_row_can_send(const struct keytable_row *row, uint64_t now);
bool keytable_row_can_accept(const struct keytable_row *row, uint64_t now);

/* Wipes key octets and all else of `count` rows. */
void keytable_wipe(struct keytable_row *rows, size_t count);

#endif /* KEYTABLE_H */
