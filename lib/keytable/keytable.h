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

/* Room for the longest keying material of any protocol, in octets: that of
 * AES-CBC-256 with HMAC-SHA2-512. */
#define KEYTABLE_KEY_MAX 96

/*
 * Rows that one group can have alive at once: generations, each with a row a
 * protocol, or a row a sender where each sender has an SA of its own.
 */
#define KEYTABLE_ROWS_MAX 64

/* Sender-IDs of one member (RFC 9838 section 2.5). */
#define KEYTABLE_SENDER_IDS_MAX 4

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

/* Transform types of RFC 7296 that make up an IPsec SA. */
enum keytable_transform_type {
	KEYTABLE_ENCR = 1,
	KEYTABLE_INTEG = 3,
};

struct keytable_transform {
	uint8_t type;	   /* enum keytable_transform_type */
	uint16_t id;	   /* Transform ID */
	uint16_t key_bits; /* Key Length attribute; 0: it has none */
	const char *name;  /* in CLI, YANG and show */
	uint8_t key_len;   /* octets of keying material, salt included */
	uint8_t salt_len;  /* of these, the last ones */
	bool aead;	   /* no INTEG beside it; a counter mode, all of them */
};

/*
 * What protects an IPsec SA.  No ENCR means AH; ESP without encryption has
 * ENCR_NULL.
 */
struct keytable_suite {
	uint16_t encr;	    /* Transform ID; 0: none, which means AH */
	uint16_t encr_bits; /* its Key Length; 0: it has none */
	uint16_t integ;	    /* Transform ID; 0: none (AEAD) */
};

/* Address families, as a set. */
enum keytable_family {
	KEYTABLE_IPV4 = 1,
	KEYTABLE_IPV6 = 2,
};

/* SN transform (RFC 9838 section 2.6). */
enum keytable_sn {
	KEYTABLE_SN_SEQUENTIAL = 0,  /* each sender has its own SA */
	KEYTABLE_SN_UNSPECIFIED = 2, /* all share one: no replay protection */
};

/* Whose packets to where IPsec protects: prefixes. */
struct keytable_selector {
	uint8_t family; /* enum keytable_family */
	uint8_t source_bits, destination_bits;
	uint8_t source[16], destination[16];
};
#define KEYTABLE_SELECTORS_MAX 2

struct keytable_protocol {
	uint8_t wire;	       /* Security Protocol ID */
	const char *name;      /* in CLI, YANG and show */
	const char *wire_name; /* the slides' name */
	/* FRR daemons that use the key; none: a way to say another protocol's
	 * policy on the wire, nothing that could be configured */
	const char *daemons[2];
	enum keytable_body body;
	uint8_t spi_size;	 /* octets */
	uint32_t id_min, id_max; /* Key ID, SA ID or SPI */
	uint32_t id_new_max;	 /* key servers give out those up to it */
	enum keytable_applier applier;
	uint8_t families;    /* enum keytable_family */
	uint8_t ip_protocol; /* that IPsec protects; 0 with key chains */
	/* one a family; RFC 4552 section 6, RFC 5796 section 3 */
	struct keytable_selector selectors[KEYTABLE_SELECTORS_MAX];
	uint8_t key_suffix; /* octets the protocol appends to K */
	/* key chains: KEYTABLE_ALGO_BIT()s; IPsec: keytable_transform_bit()s */
	uint32_t algorithms;
};

enum keytable_direction {
	KEYTABLE_DISABLED,
	KEYTABLE_IN,
	KEYTABLE_OUT,
	KEYTABLE_BOTH,
};

/* What a row of an IPsec protocol says beside the key. */
struct keytable_ipsec {
	struct keytable_suite suite;
	uint8_t wire;	  /* Security Protocol ID that it came under: the
			   * row's, or plain AH or ESP */
	uint8_t families; /* what it is for, of the protocol's families */
	uint8_t sn;	  /* enum keytable_sn */
	/* counter modes, with KEYTABLE_OUT: the IV's first sender_id_bits bits
	 * are one of the Sender-IDs (8, 12 or 16 bits; 0: no counter mode) */
	uint8_t sender_id_bits;
	uint8_t sender_id_count;
	uint16_t sender_ids[KEYTABLE_SENDER_IDS_MAX];
	uint64_t sender; /* whose SA it is, a digest of his name; 0: all
			   * senders share it */
};

/*
 * One key (RFC 7210 section 2).  The group that owns a set of rows is the
 * row's Peers; LocalKeyName and PeerKeyName are both `id`.  Windows are
 * half open: start <= now < end.
 */
struct keytable_row {
	uint8_t protocol;   /* Security Protocol ID, see keytable_protocol */
	uint8_t direction;  /* enum keytable_direction */
	uint16_t algorithm; /* enum keytable_auth_algo; 0: ipsec.suite */
	uint32_t id;	    /* Key ID, SA ID or SPI, host order */
	uint64_t accept_start, accept_end;
	uint64_t send_start, send_end;
	struct keytable_ipsec ipsec; /* all 0 where a key chain takes the key */
	uint16_t key_len;	     /* octets */
	/* IPsec: the ENCR key with its salt behind it, then the INTEG key */
	uint8_t key[KEYTABLE_KEY_MAX];
};

/*
 * Table look-ups: NULL when there is no such entry.  By name only what can be
 * configured is found.
 */
const struct keytable_protocol *keytable_protocol_by_wire(uint8_t wire);
const struct keytable_protocol *keytable_protocol_by_name(const char *name);
const struct keytable_algorithm *keytable_algorithm_by_id(uint16_t id);
const struct keytable_algorithm *keytable_algorithm_by_name(const char *name);

/* The whole protocol table; *count gets the number of entries. */
#define KEYTABLE_PROTOCOLS 7
const struct keytable_protocol *keytable_protocols(size_t *count);

/* Transforms of IPsec SAs; NULL: not one that is known. */
const struct keytable_transform *keytable_transforms(size_t *count);
const struct keytable_transform *
keytable_transform_find(uint8_t type, uint16_t id, uint16_t key_bits);
const struct keytable_transform *keytable_transform_by_name(uint8_t type,
							    const char *name);

/* The transform's bit in keytable_protocol's and capabilities' algorithms. */
uint32_t keytable_transform_bit(const struct keytable_transform *transform);

/* Name of the algorithm or transform that `bit` (one bit) stands for in the
 * algorithms of `protocol`; NULL. */
const char *keytable_bit_name(const struct keytable_protocol *protocol,
			      uint32_t bit);

/*
 * Octets of keying material of an IPsec SA; 0 when ENCR and INTEG do not go
 * together or are not known.
 */
size_t keytable_suite_key_len(const struct keytable_suite *suite);

/* Octets of the cipher's key in it, without a salt; 0: there is none. */
size_t keytable_suite_cipher_len(const struct keytable_suite *suite);

/* The bits that a daemon must have for it; 0 when the length is. */
uint32_t keytable_suite_bits(const struct keytable_suite *suite);

/* Does its cipher need Sender-IDs? */
bool keytable_suite_counter(const struct keytable_suite *suite);

/* "esp aes-cbc-128 hmac-sha-256-128", "ah hmac-sha-256-128".  Returns buf. */
#define KEYTABLE_ALGORITHM_TEXT 48 /* always enough */
const char *keytable_suite_text(const struct keytable_suite *suite, char *buf,
				size_t size);

/* Name of the row's algorithm, or the text of its suite.  Returns buf. */
const char *keytable_row_algorithm(const struct keytable_row *row, char *buf,
				   size_t size);

/*
 * Octets of key that `protocol` takes with `algorithm`, 0 when that pair is
 * not allowed.  Exact on purpose: other lengths make RFC 5709 and plain HMAC
 * differ.
 */
size_t keytable_key_len(const struct keytable_protocol *protocol,
			uint16_t algorithm);

/*
 * True when the row can be applied as it is.  Key chain: the key has the
 * exact length and no NUL octet, since libfrr keeps keys as C strings.  IPsec:
 * the exact length, an SN and families that the protocol knows, and Sender-IDs
 * that fit when it is for sending with a counter mode.
 */
bool keytable_row_valid(const struct keytable_row *row);

/* Equal in all that is said of the SA, but for its key and its windows. */
bool keytable_ipsec_equal(const struct keytable_ipsec *a,
			  const struct keytable_ipsec *b);

bool keytable_row_can_send(const struct keytable_row *row, uint64_t now);
bool keytable_row_can_accept(const struct keytable_row *row, uint64_t now);

/* Wipes key octets and all else of `count` rows. */
void keytable_wipe(struct keytable_row *rows, size_t count);

#endif /* KEYTABLE_H */
