// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * GSA_REKEY (RFC 9838 section 2.4.1), which the slides call GSA_PUSH: one
 * message for all members, over the Rekey SA.
 */
#include <string.h>

#include "gikev2/gikev2_int.h"

/* IKE header and generic header of SK, as they are signed (2.4.1.1). */

#define P(type) GIKEV2_PLD_BIT(GIKEV2_PLD_##type)

static struct gikev2_shield shield_of(struct gikev2_kek *kek)
{
	return (struct gikev2_shield){
		.encr = kek->encr,
		.integ = kek->integ,
		.sk_e = kek->gsk_e,
		.sk_a = kek->gsk_a,
		.iv = &kek->iv,
	};
}

/* -------------------------------------------------------------- key server */

/* AUTH, last of all, with zeros where the signature will be. */
static int add_auth(struct gikev2 *engine, const struct gikev2_kek *kek,
		    struct gikev2_payloads *payloads, size_t signature_len)
{
	struct gikev2_chunk id = kek->sign_alg->id;
	size_t len = 1 + id.len + signature_len;
	uint8_t *data = gikev2_arena_alloc(&engine->arena, len);
	struct gikev2_payload *auth;

	if (!data)
		return -GIKEV2_ERR_NO_MEMORY;
	data[0] = id.len;
	memcpy(data + 1, id.ptr, id.len);
	auth = gikev2_payload_add(payloads, GIKEV2_PLD_AUTH);
	auth->auth.method = GIKEV2_AUTH_SIGNATURE;
	auth->auth.data = (struct gikev2_chunk){ data, len };
	return 0;
}

static int sign(const struct gikev2_kek *kek,
		const struct gikev2_header *header, uint8_t first,
		struct gikev2_buf *text, size_t signature_len)
{
	uint8_t a[GIKEV2_SIGNED_HEADER_LEN];
	struct gikev2_chunk parts[] = { { a, sizeof(a) },
					{ text->ptr, text->len } };

	gikev2_signed_header(header, first, 0, text->len, a);
	return gikev2_sign_fixed(kek->auth_key, kek->sign_alg, parts, 2,
				 text->ptr + text->len - signature_len,
				 signature_len);
}

/* Makes the message and uses up a Message ID; all copies of it are the same. */
int gikev2_push_seal(struct gikev2 *engine, struct gikev2_kek *kek,
		     struct gikev2_payloads *payloads, bool fragmentation,
		     struct gikev2_octets *flight)
{
	struct gikev2_shield shield = shield_of(kek);
	struct gikev2_buf text = { .ptr = engine->scratch->text,
				   .size = sizeof(engine->scratch->text) };
	struct gikev2_buf out = { .ptr = engine->scratch->out,
				  .size = sizeof(engine->scratch->out) };
	struct gikev2_header header = {
		.version = GIKEV2_VERSION,
		.exchange = GIKEV2_GSA_REKEY,
		.flags = GIKEV2_FLAG_I,
		.id = kek->next_id,
	};
	size_t signature_len = 0;
	uint8_t first;
	int ret = 0;

	if (kek->next_id > GIKEV2_KEK_ID_LAST)
		return -GIKEV2_ERR_LIFETIME;
	memcpy(header.spi_i, kek->spi, GIKEV2_SPI_LEN);
	memcpy(header.spi_r, kek->spi + GIKEV2_SPI_LEN, GIKEV2_SPI_LEN);
	if (kek->sign_alg) {
		signature_len = gikev2_signature_fixed(kek->auth_key);
		ret = add_auth(engine, kek, payloads, signature_len);
	}
	if (ret < 0)
		return ret;
	first = gikev2_payloads_generate(payloads, &text);
	if (text.overflow)
		return -GIKEV2_ERR_TOO_LONG;
	if (kek->sign_alg)
		ret = sign(kek, &header, first, &text, signature_len);
	if (ret == 0)
		ret = gikev2_flight_seal(engine, &shield, &header, first,
					 (struct gikev2_chunk){ text.ptr,
								text.len },
					 fragmentation, &out);
	if (ret == 0)
		ret = gikev2_octets_set(flight, out.ptr, out.len);
	if (ret == 0)
		kek->next_id++;
	return ret;
}

/* ------------------------------------------------------------------ member */

/* A whole message, put together again where it came in fragments. */
struct whole {
	struct gikev2_chunk text; /* inner payloads */
	uint8_t first;		  /* type of the first */
	uint8_t reserved;	  /* as it stood before them */
};

/* P is verified with zeros in the place of the signature. */
static int verify(const struct gikev2_kek *kek, struct gikev2_rx *rx,
		  const struct whole *whole)
{
	const struct gikev2_payload *auth =
		gikev2_payload_find(rx->payloads, GIKEV2_PLD_AUTH);
	uint8_t a[GIKEV2_SIGNED_HEADER_LEN], octets[GIKEV2_SIGNATURE_MAX];
	struct gikev2_chunk parts[] = { { a, sizeof(a) }, whole->text };
	struct gikev2_chunk id, signature;
	int ret;

	if (!kek->sign_alg)
		return auth ? -GIKEV2_ERR_BAD_PAYLOADS : 0;
	if (!auth || auth->auth.method != GIKEV2_AUTH_SIGNATURE)
		return -GIKEV2_ERR_AUTH_FAILED;
	ret = gikev2_auth_data_parse(auth->auth.data, &id, &signature);
	if (ret < 0)
		return ret;
	if (gikev2_sign_alg_find(id) != kek->sign_alg ||
	    signature.len > sizeof(octets))
		return -GIKEV2_ERR_AUTH_FAILED;
	memcpy(octets, signature.ptr, signature.len);
	memset((uint8_t *)signature.ptr, 0, signature.len);
	gikev2_signed_header(&rx->header, whole->first, whole->reserved,
			     whole->text.len, a);
	return gikev2_verify(kek->auth_key, id, GIKEV2_HASHES_OWN, parts, 2,
			     (struct gikev2_chunk){ octets, signature.len });
}

/* Which payloads may be there: GSA and KD, or D, or all of them. */
static int check_payloads(const struct gikev2_payloads *payloads)
{
	uint32_t present = payloads->present, seen = 0;
	uint32_t once = P(GSA) | P(KD) | P(AUTH);
	uint32_t allowed = once | P(DELETE) | P(NOTIFY) | P(VENDOR);

	if (present & ~allowed || !(present & P(GSA)) != !(present & P(KD)) ||
	    !(present & (P(GSA) | P(DELETE))))
		return -GIKEV2_ERR_BAD_PAYLOADS;
	for (size_t i = 0; i < payloads->count; i++) {
		uint32_t bit = GIKEV2_PLD_BIT(payloads->item[i].type);

		if (seen & bit & once)
			return -GIKEV2_ERR_BAD_PAYLOADS;
		seen |= bit;
	}
	return 0;
}

/*
 * One fragment, kept with its Rekey SA.  All copies of a message are cut the
 * same way: one that is cut otherwise is another's, and so may be what we have.
 */
static int add_fragment(struct gikev2_kek *kek, const struct gikev2_rx *rx,
			struct gikev2_fragment *fragment, struct whole *whole)
{
	int ret = gikev2_fragment_add(&kek->fragments, NULL, &rx->header,
				      rx->now, fragment, &whole->first,
				      &whole->text);

	if (ret != -GIKEV2_ERR_DUPLICATE)
		return ret;
	gikev2_fragments_free(&kek->fragments);
	return gikev2_fragment_add(&kek->fragments, NULL, &rx->header, rx->now,
				   fragment, &whole->first, &whole->text);
}

/* It comes from somebody who knows GSK_e; what else is there to it? */
static int take(struct gikev2_member *member, struct gikev2_kek *kek,
		struct gikev2_rx *rx, const struct whole *whole)
{
	struct gikev2 *engine = rx->engine;
	int ret;

	engine->arena.used = 0;
	ret = gikev2_payloads_parse(whole->text, whole->first, &engine->arena,
				    rx->payloads);
	if (ret == 0)
		ret = check_payloads(rx->payloads);
	if (ret == 0)
		ret = verify(kek, rx, whole);
	if (ret == 0)
		ret = gikev2_member_push(member, kek, rx);
	return ret;
}

/*
 * Unsigned messages over the Rekey SA before the present one are anybody's who had
 * it, also his who was shut out with it.  The server's are copies that are known.
 */
static bool is_over(struct gikev2_member *member, const struct gikev2_kek *kek)
{
	return !kek->sign_alg && kek == &gikev2_member_keks(member)->old;
}

static int receive(struct gikev2_member *member, struct gikev2_kek *kek,
		   struct gikev2_rx *rx)
{
	struct gikev2_shield shield = shield_of(kek);
	struct gikev2_fragments *fragments = NULL;
	struct gikev2_fragment fragment;
	struct whole whole;
	int ret;

	if (rx->header.id < kek->next_id ||
	    rx->header.id > GIKEV2_KEK_ID_LAST || is_over(member, kek))
		return -GIKEV2_ERR_OLD_MESSAGE;
	ret = gikev2_shield_open(rx->engine, &shield, rx, &fragment,
				 &whole.text);
	if (ret < 0)
		return ret;
	whole.first = rx->engine->scratch->in[GIKEV2_HEADER_LEN];
	if (fragment.total) {
		ret = add_fragment(kek, rx, &fragment, &whole);
		if (ret <= 0)
			return ret;
		/* the message may be the end of this Rekey SA */
		fragments = kek->fragments;
		kek->fragments = NULL;
	}
	whole.reserved = fragment.reserved;
	ret = take(member, kek, rx, &whole);
	gikev2_fragments_free(&fragments);
	return ret;
}

/* Silence, whatever is wrong: nobody could be answered. */
int gikev2_push_input(struct gikev2_rx *rx)
{
	uint8_t spi[GIKEV2_KEK_SPI_LEN];
	struct gikev2_kek *kek;
	struct gikev2_member *member;
	int ret;

	memcpy(spi, rx->header.spi_i, GIKEV2_SPI_LEN);
	memcpy(spi + GIKEV2_SPI_LEN, rx->header.spi_r, GIKEV2_SPI_LEN);
	member = gikev2_member_by_kek(rx->engine, spi, &kek);
	if (member)
		return receive(member, kek, rx);
	ret = gikev2_keks_hint(rx->engine, spi, rx->now);
	return ret < 0 ? ret : -GIKEV2_ERR_UNKNOWN_SPI;
}
