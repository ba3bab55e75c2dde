// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Key log: the keys of SAs, for Wireshark.
 */
#include <stdio.h>
#include <string.h>

#include "gikev2/gikev2_int.h"
#include "gikev2/gikev2_keylog.h"

/* Wireshark's names; what is missing here, it cannot decrypt. */
static const struct wireshark_name {
	uint16_t id, key_bits;
	const char *name;
} encr_names[] = {
	{ GIKEV2_ENCR_AES_CBC, 128, "AES-CBC-128 [RFC3602]" },
	{ GIKEV2_ENCR_AES_CBC, 192, "AES-CBC-192 [RFC3602]" },
	{ GIKEV2_ENCR_AES_CBC, 256, "AES-CBC-256 [RFC3602]" },
	{ GIKEV2_ENCR_AES_GCM_16, 128,
	  "AES-GCM-128 with 16 octet ICV [RFC5282]" },
	{ GIKEV2_ENCR_AES_GCM_16, 192,
	  "AES-GCM-192 with 16 octet ICV [RFC5282]" },
	{ GIKEV2_ENCR_AES_GCM_16, 256,
	  "AES-GCM-256 with 16 octet ICV [RFC5282]" },
	{ 0 },
}, integ_names[] = {
	{ GIKEV2_INTEG_NONE, 0, "NONE [RFC4306]" },
	{ GIKEV2_INTEG_HMAC_SHA2_256_128, 0, "HMAC_SHA2_256_128 [RFC4868]" },
	{ GIKEV2_INTEG_HMAC_SHA2_384_192, 0, "HMAC_SHA2_384_192 [RFC4868]" },
	{ GIKEV2_INTEG_HMAC_SHA2_512_256, 0, "HMAC_SHA2_512_256 [RFC4868]" },
	{ 0 },
};

static const char *find_name(const struct wireshark_name *names, uint16_t id,
			     uint16_t key_bits)
{
	for (; names->name; names++)
		if (names->id == id && names->key_bits == key_bits)
			return names->name;
	return NULL;
}

static void put_text(struct gikev2_buf *buf, const char *text)
{
	gikev2_buf_put(buf, (const uint8_t *)text, strlen(text));
}

static void put_hex(struct gikev2_buf *buf, const uint8_t *octets, size_t len)
{
	char digits[3];

	for (size_t i = 0; i < len; i++) {
		snprintf(digits, sizeof(digits), "%02x", octets[i]);
		put_text(buf, digits);
	}
	explicit_bzero(digits, sizeof(digits));
}

/* An algorithm and the keys of both directions. */
static void put_keys(struct gikev2_buf *buf, const uint8_t *sk_i,
		     const uint8_t *sk_r, size_t len, const char *name)
{
	put_text(buf, ",");
	put_hex(buf, sk_i, len);
	put_text(buf, ",");
	put_hex(buf, sk_r, len);
	put_text(buf, ",\"");
	put_text(buf, name);
	put_text(buf, "\"");
}

int gikev2_keylog_line(const struct gikev2_keylog *keys, char *line,
		       size_t size)
{
	struct gikev2_buf buf = { .ptr = (uint8_t *)line, .size = size };
	const struct gikev2_encr *encr = keys->encr;
	const struct gikev2_integ *integ = keys->integ;
	const char *encr_name = find_name(encr_names, encr->id, encr->key_bits);
	const char *integ_name = find_name(
		integ_names, integ ? integ->id : GIKEV2_INTEG_NONE, 0);

	if (!encr_name || !integ_name)
		put_text(&buf, "# not for Wireshark: ");
	put_hex(&buf, keys->spi_i, GIKEV2_SPI_LEN);
	put_text(&buf, ",");
	put_hex(&buf, keys->spi_r, GIKEV2_SPI_LEN);
	if (encr_name && integ_name) {
		put_keys(&buf, keys->sk_ei, keys->sk_er,
			 encr->key_len + encr->salt_len, encr_name);
		put_keys(&buf, keys->sk_ai, keys->sk_ar,
			 integ ? integ->key_len : 0, integ_name);
	} else {
		put_text(&buf, " ");
		put_text(&buf, encr->name);
	}
	put_text(&buf, "\n");
	gikev2_buf_put(&buf, (const uint8_t *)"", 1);
	return buf.overflow ? -GIKEV2_ERR_LIMIT : (int)buf.len - 1;
}

void gikev2_keylog_ike(const struct gikev2_ike *ike)
{
	struct gikev2 *engine = ike->engine;
	struct gikev2_keylog keys = {
		.spi_i = ike->spi_i,
		.spi_r = ike->spi_r,
		.encr = ike->suite.encr,
		.integ = ike->suite.integ,
		.sk_ei = ike->sk_ei,
		.sk_er = ike->sk_er,
		.sk_ai = ike->sk_ai,
		.sk_ar = ike->sk_ar,
	};

	if (engine->keylog)
		engine->keylog(engine->arg, &keys);
}

void gikev2_keylog_kek(struct gikev2 *engine, const struct gikev2_kek *kek)
{
	struct gikev2_keylog keys = {
		.spi_i = kek->spi,
		.spi_r = kek->spi + GIKEV2_SPI_LEN,
		.encr = kek->encr,
		.integ = kek->integ,
		.sk_ei = kek->gsk_e,
		.sk_er = kek->gsk_e,
		.sk_ai = kek->gsk_a,
		.sk_ar = kek->gsk_a,
	};

	if (engine->keylog)
		engine->keylog(engine->arg, &keys);
}

void gikev2_set_keylog(struct gikev2 *engine,
		       void (*log)(void *arg, const struct gikev2_keylog *keys))
{
	const struct gikev2_ike *ike;

	engine->keylog = log;
	if (!log)
		return;
	for (ike = engine->ikes; ike; ike = ike->next)
		if (!ike->setup || ike->setup->keyed)
			gikev2_keylog_ike(ike);
	gikev2_keylog_groups(engine);
	gikev2_keylog_members(engine);
}
