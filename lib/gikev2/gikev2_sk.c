// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The Encrypted payload (RFC 7296 section 3.14, RFC 5282) and the keys that
 * protect it (section 2.14, RFC 9838 section 3.1.1).
 */
#include <string.h>

#include "gikev2/gikev2_addke.h"

/* IKE header and the generic header of SK or SKF, with two numbers in SKF. */
#define AAD_LEN (GIKEV2_HEADER_LEN + GIKEV2_PAYLOAD_HEADER_LEN)
#define FRAGMENT_HEADER_LEN 4
#define PAD_LENGTH_LEN 1

/* What AEAD takes as AAD. */
static size_t aad_len(const struct gikev2_fragment *fragment)
{
	return AAD_LEN + (fragment->total ? FRAGMENT_HEADER_LEN : 0);
}

void gikev2_header_get(const uint8_t *octets, struct gikev2_header *header)
{
	memcpy(header->spi_i, octets, GIKEV2_SPI_LEN);
	memcpy(header->spi_r, octets + 8, GIKEV2_SPI_LEN);
	header->next = octets[16];
	header->version = octets[17];
	header->exchange = octets[18];
	header->flags = octets[19];
	header->id = gikev2_get_int(octets + 20, 4);
	header->length = gikev2_get_int(octets + 24, 4);
}

void gikev2_header_put(uint8_t *octets, const struct gikev2_header *header)
{
	memcpy(octets, header->spi_i, GIKEV2_SPI_LEN);
	memcpy(octets + 8, header->spi_r, GIKEV2_SPI_LEN);
	octets[16] = header->next;
	octets[17] = header->version;
	octets[18] = header->exchange;
	octets[19] = header->flags;
	gikev2_put_int(octets + 20, header->id, 4);
	gikev2_put_int(octets + 24, header->length, 4);
}

/* AEAD: a counter, never the same twice.  CBC: unpredictable. */
static int next_iv(struct gikev2 *engine, struct gikev2_shield *shield,
		   struct gikev2_buf *out)
{
	size_t len = shield->encr->iv_len;
	uint8_t *iv = gikev2_buf_zero(out, len);

	if (!iv)
		return -GIKEV2_ERR_LIMIT;
	if (!shield->encr->icv_len)
		return gikev2_random(engine, iv, len);
	if (++*shield->iv == 0)
		return -GIKEV2_ERR_LIFETIME;
	gikev2_put_int(iv + len - 4, *shield->iv & UINT32_MAX, 4);
	gikev2_put_int(iv + len - 8, *shield->iv >> 32, 4);
	return 0;
}

/* Padding up to the cipher's block, and its length. */
static void pad(const struct gikev2_encr *encr, struct gikev2_buf *out,
		size_t text_start)
{
	size_t text = out->len - text_start + PAD_LENGTH_LEN;
	size_t over = text % encr->block_len;
	size_t padding = over ? encr->block_len - over : 0;

	gikev2_buf_zero(out, padding);
	gikev2_buf_int(out, padding, PAD_LENGTH_LEN);
}

static void put_headers(uint8_t *at, size_t len, struct gikev2_header *header,
			uint8_t first, const struct gikev2_fragment *fragment)
{
	header->next = fragment->total ? GIKEV2_PLD_SKF : GIKEV2_PLD_SK;
	header->version = GIKEV2_VERSION;
	header->length = len;
	gikev2_header_put(at, header);
	at += GIKEV2_HEADER_LEN;
	/* only the first fragment says what is inside (RFC 7383 2.5) */
	*at = fragment->number <= 1 ? first : GIKEV2_PLD_NONE;
	gikev2_put_int(at + 2, len - GIKEV2_HEADER_LEN, 2);
	if (!fragment->total)
		return;
	gikev2_put_int(at + 4, fragment->number, 2);
	gikev2_put_int(at + 6, fragment->total, 2);
}

int gikev2_shield_seal(struct gikev2 *engine, struct gikev2_shield *shield,
		       struct gikev2_header *header, uint8_t first,
		       const struct gikev2_fragment *fragment,
		       struct gikev2_chunk text, struct gikev2_buf *out)
{
	size_t start = out->len, text_start, text_len;
	int ret;

	gikev2_buf_zero(out, aad_len(fragment));
	ret = next_iv(engine, shield, out);
	if (ret < 0)
		return ret;
	text_start = out->len;
	gikev2_buf_put(out, text.ptr, text.len);
	pad(shield->encr, out, text_start);
	text_len = out->len - text_start;
	gikev2_buf_zero(out, gikev2_icv_len(shield->encr, shield->integ));
	if (out->overflow)
		return -GIKEV2_ERR_TOO_LONG;
	put_headers(out->ptr + start, out->len - start, header, first,
		    fragment);
	return gikev2_seal(engine->crypto, shield->encr, shield->integ,
			   shield->sk_e, shield->sk_a, out->ptr + start,
			   aad_len(fragment), text_len);
}

/*
 * A fragment's numbers; none for a whole message.  What is wrong before the
 * ICV is checked is no better than a wrong ICV: it may not end the SA, as bad
 * syntax does.
 */
static int get_fragment(const struct gikev2_rx *rx,
			struct gikev2_fragment *fragment)
{
	const uint8_t *at = rx->raw.ptr + AAD_LEN;

	*fragment = (struct gikev2_fragment){ 0 };
	if (rx->header.next != GIKEV2_PLD_SK &&
	    rx->header.next != GIKEV2_PLD_SKF)
		return -GIKEV2_ERR_UNPROTECTED;
	if (rx->raw.len < AAD_LEN)
		return -GIKEV2_ERR_BAD_ICV;
	fragment->reserved = rx->raw.ptr[GIKEV2_HEADER_LEN + 1];
	if (rx->header.next == GIKEV2_PLD_SK)
		return 0;
	if (rx->raw.len < AAD_LEN + FRAGMENT_HEADER_LEN)
		return -GIKEV2_ERR_BAD_ICV;
	fragment->number = gikev2_get_int(at, 2);
	fragment->total = gikev2_get_int(at + 2, 2);
	if (!fragment->number || fragment->number > fragment->total)
		return -GIKEV2_ERR_BAD_ICV;
	return 0;
}

int gikev2_shield_open(struct gikev2 *engine,
		       const struct gikev2_shield *shield, struct gikev2_rx *rx,
		       struct gikev2_fragment *fragment,
		       struct gikev2_chunk *text)
{
	uint8_t *message = engine->scratch->in;
	size_t len = rx->raw.len, text_len, padding;
	int ret = get_fragment(rx, fragment);

	if (ret < 0)
		return ret;
	if (gikev2_get_int(rx->raw.ptr + GIKEV2_HEADER_LEN + 2, 2) !=
	    len - GIKEV2_HEADER_LEN)
		return -GIKEV2_ERR_BAD_ICV;
	memcpy(message, rx->raw.ptr, len);
	engine->in_len = len;
	ret = gikev2_open(engine->crypto, shield->encr, shield->integ,
			  shield->sk_e, shield->sk_a, message,
			  aad_len(fragment), len, &text_len);
	if (ret < 0)
		return ret;
	text->ptr = message + aad_len(fragment) + shield->encr->iv_len;
	if (text_len < PAD_LENGTH_LEN)
		return -GIKEV2_ERR_BAD_SYNTAX;
	padding = text->ptr[text_len - PAD_LENGTH_LEN];
	if (padding + PAD_LENGTH_LEN > text_len)
		return -GIKEV2_ERR_BAD_SYNTAX;
	text->len = text_len - padding - PAD_LENGTH_LEN;
	return 0;
}

size_t gikev2_shield_room(const struct gikev2_shield *shield, size_t size,
			  bool whole)
{
	const struct gikev2_encr *encr = shield->encr;
	size_t over = AAD_LEN + encr->iv_len + encr->block_len +
		      gikev2_icv_len(encr, shield->integ);

	if (!whole)
		over += FRAGMENT_HEADER_LEN;
	return size > over ? size - over : 1;
}

void gikev2_signed_header(const struct gikev2_header *from, uint8_t first,
			  uint8_t reserved, size_t text_len,
			  uint8_t out[GIKEV2_SIGNED_HEADER_LEN])
{
	struct gikev2_header header = *from;

	header.next = GIKEV2_PLD_SK;
	header.length = GIKEV2_SIGNED_HEADER_LEN + text_len;
	memset(out, 0, GIKEV2_SIGNED_HEADER_LEN);
	gikev2_header_put(out, &header);
	out[GIKEV2_HEADER_LEN] = first;
	out[GIKEV2_HEADER_LEN + 1] = reserved;
	gikev2_put_int(out + GIKEV2_HEADER_LEN + 2,
		       GIKEV2_PAYLOAD_HEADER_LEN + text_len, 2);
}

/* What the original initiator (or the responder) sends. */
static struct gikev2_shield ike_shield(struct gikev2_ike *ike,
				       bool from_initiator)
{
	return (struct gikev2_shield){
		.encr = ike->suite.encr,
		.integ = ike->suite.integ,
		.sk_e = from_initiator ? ike->sk_ei : ike->sk_er,
		.sk_a = from_initiator ? ike->sk_ai : ike->sk_ar,
		.iv = &ike->iv,
	};
}

int gikev2_sk_seal(struct gikev2_ike *ike, uint8_t exchange, bool response,
		   uint32_t id, const struct gikev2_payloads *payloads,
		   struct gikev2_buf *out)
{
	struct gikev2_shield shield = ike_shield(ike, ike->initiator);
	struct gikev2_scratch *scratch = ike->engine->scratch;
	struct gikev2_buf text = { .ptr = scratch->text,
				   .size = sizeof(scratch->text) };
	struct gikev2_header header = {
		.exchange = exchange,
		.flags = (ike->initiator ? GIKEV2_FLAG_I : 0) |
			 (response ? GIKEV2_FLAG_R : 0),
		.id = id,
	};
	uint8_t first = gikev2_payloads_generate(payloads, &text);
	struct gikev2_chunk inner = { text.ptr, text.len };
	int ret = 0;

	if (text.overflow)
		return -GIKEV2_ERR_TOO_LONG;
	memcpy(header.spi_i, ike->spi_i, GIKEV2_SPI_LEN);
	memcpy(header.spi_r, ike->spi_r, GIKEV2_SPI_LEN);
	if (exchange == GIKEV2_IKE_INTERMEDIATE)
		ret = gikev2_intauth_sent(ike, &header, first, inner);
	if (ret < 0)
		return ret;
	return gikev2_flight_seal(ike->engine, &shield, &header, first, inner,
				  ike->fragmentation, out);
}

static int open_with(struct gikev2_ike *ike, const struct gikev2_shield *shield,
		     struct gikev2_rx *rx)
{
	struct gikev2 *engine = ike->engine;
	struct gikev2_fragment fragment;
	int ret = gikev2_shield_open(engine, shield, rx, &fragment, &rx->text);

	if (ret < 0)
		return ret;
	rx->first = engine->scratch->in[GIKEV2_HEADER_LEN];
	rx->repeat = fragment.number <= 1;
	if (fragment.total) {
		ret = gikev2_fragment_add(&ike->fragments,
					  ike->state == GIKEV2_IKE_HALF_OPEN
						  ? &engine->reassembly
						  : NULL,
					  &rx->header, rx->now, &fragment,
					  &rx->first, &rx->text);
		if (ret <= 0)
			return ret < 0 ? ret : GIKEV2_INCOMPLETE;
	}
	rx->reserved = fragment.reserved;
	engine->arena.used = 0;
	return gikev2_payloads_parse(rx->text, rx->first, &engine->arena,
				     rx->payloads);
}

int gikev2_sk_open(struct gikev2_ike *ike, struct gikev2_rx *rx)
{
	struct gikev2_shield shield = ike_shield(ike, !ike->initiator);

	return open_with(ike, &shield, rx);
}

/* All that a half-open SA has answered are additional key exchanges. */
int gikev2_sk_open_again(struct gikev2_ike *ike, struct gikev2_rx *rx)
{
	struct gikev2_shield shield = ike_shield(ike, !ike->initiator);

	if (ike->state == GIKEV2_IKE_HALF_OPEN) {
		shield.sk_e = ike->setup->addke.old_e;
		shield.sk_a = ike->setup->addke.old_a;
	}
	return open_with(ike, &shield, rx);
}

/* -------------------------------------------------------------------- keys */

static const uint8_t *cut(const uint8_t **from, uint8_t *to, size_t len)
{
	memcpy(to, *from, len);
	return *from += len;
}

/* SK_d | SK_ai | SK_ar | SK_ei | SK_er | SK_pi | SK_pr = prf+(SKEYSEED, ...) */
static int expand(struct gikev2_ike *ike, const uint8_t *skeyseed,
		  size_t skeyseed_len)
{
	const struct gikev2_prf_alg *prf = ike->suite.prf;
	struct gikev2_setup *setup = ike->setup;
	size_t e_len = ike->suite.encr->key_len + ike->suite.encr->salt_len;
	size_t a_len = ike->suite.integ ? ike->suite.integ->key_len : 0;
	uint8_t material[3 * GIKEV2_PRF_MAX + 2 * GIKEV2_SK_A_MAX +
			 2 * GIKEV2_SK_E_MAX];
	struct gikev2_chunk seed[] = {
		gikev2_chunk(&setup->ni),
		gikev2_chunk(&setup->nr),
		{ ike->spi_i, GIKEV2_SPI_LEN },
		{ ike->spi_r, GIKEV2_SPI_LEN },
	};
	const uint8_t *from = material;
	int ret = gikev2_prf_plus(
		ike->engine->crypto, prf,
		(struct gikev2_chunk){ skeyseed, skeyseed_len }, seed, 4,
		material, 3 * prf->len + 2 * a_len + 2 * e_len);

	if (ret == 0) {
		cut(&from, ike->sk_d, prf->len);
		cut(&from, ike->sk_ai, a_len);
		cut(&from, ike->sk_ar, a_len);
		cut(&from, ike->sk_ei, e_len);
		cut(&from, ike->sk_er, e_len);
		cut(&from, setup->sk_pi, prf->len);
		cut(&from, setup->sk_pr, prf->len);
		setup->keyed = true;
		gikev2_keylog_ike(ike);
	}
	explicit_bzero(material, sizeof(material));
	return ret;
}

/* SKEYSEED = prf(Ni | Nr, g^ir) */
static int derive_first(struct gikev2_ike *ike, struct gikev2_chunk shared)
{
	const struct gikev2_prf_alg *prf = ike->suite.prf;
	struct gikev2_setup *setup = ike->setup;
	uint8_t nonces[2 * GIKEV2_NONCE_MAX], skeyseed[GIKEV2_PRF_MAX];
	struct gikev2_chunk key = { nonces, setup->ni.len + setup->nr.len };
	int ret;

	memcpy(nonces, setup->ni.ptr, setup->ni.len);
	memcpy(nonces + setup->ni.len, setup->nr.ptr, setup->nr.len);
	ret = gikev2_prf(ike->engine->crypto, prf, key, &shared, 1, skeyseed);
	if (ret == 0)
		ret = expand(ike, skeyseed, prf->len);
	explicit_bzero(skeyseed, sizeof(skeyseed));
	return ret;
}

/* SKEYSEED = prf(SK_d (old), shared | Ni | Nr | more), by the old SA's PRF */
static int derive_heir(const struct gikev2_ike *old, struct gikev2_ike *heir,
		       struct gikev2_chunk shared, struct gikev2_chunk more)
{
	const struct gikev2_prf_alg *prf = old->suite.prf;
	uint8_t skeyseed[GIKEV2_PRF_MAX];
	struct gikev2_chunk parts[] = {
		shared,
		gikev2_chunk(&heir->setup->ni),
		gikev2_chunk(&heir->setup->nr),
		more,
	};
	int ret = gikev2_prf(old->engine->crypto, prf,
			     (struct gikev2_chunk){ old->sk_d, prf->len },
			     parts, 4, skeyseed);

	if (ret == 0)
		ret = expand(heir, skeyseed, prf->len);
	explicit_bzero(skeyseed, sizeof(skeyseed));
	return ret;
}

/* Needs both public values and nonces.  `old` is NULL for a first SA. */
static int derive(const struct gikev2_ike *old, struct gikev2_ike *ike)
{
	struct gikev2_setup *setup = ike->setup;
	uint8_t shared[GIKEV2_KE_SHARED_MAX];
	struct gikev2_chunk secret = { shared, ike->suite.ke->shared_len };
	int ret;

	if (setup->keyed)
		return 0;
	ret = gikev2_ke_derive(setup->ke, gikev2_chunk(&setup->peer_ke),
			       shared);
	if (ret == 0)
		ret = old ? derive_heir(old, ike, secret,
					(struct gikev2_chunk){ 0 })
			  : derive_first(ike, secret);
	explicit_bzero(shared, sizeof(shared));
	return ret;
}

/* SKEYSEED(n) = prf(SK_d(n - 1), SK(n) | Ni | Nr): RFC 9370 section 2.2.2 */
int gikev2_sk_update(struct gikev2_ike *ike, struct gikev2_chunk shared)
{
	return derive_heir(ike, ike, shared, (struct gikev2_chunk){ 0 });
}

int gikev2_sk_derive(struct gikev2_ike *ike)
{
	return derive(NULL, ike);
}

/* With additional exchanges: SK(0) in front of the nonces, the others behind. */
int gikev2_sk_derive_heir(const struct gikev2_ike *old, struct gikev2_ike *heir)
{
	struct gikev2_chunk first = gikev2_chunk(&heir->setup->addke.secrets);
	struct gikev2_chunk more = first;

	if (!first.len)
		return derive(old, heir);
	first.len = heir->suite.ke->shared_len;
	more.ptr += first.len;
	more.len -= first.len;
	return derive_heir(old, heir, first, more);
}

/* GSK_w, the default KWK of this SA (RFC 9838 section 3.1.1). */
int gikev2_kwk(const struct gikev2_ike *ike, uint8_t *kwk)
{
	static const char label[] = "Key Wrap for G-IKEv2";
	struct gikev2_chunk seed = { (const uint8_t *)label,
				     sizeof(label) - 1 };
	struct gikev2_chunk key = { ike->sk_d, ike->suite.prf->len };

	if (!ike->suite.kwa)
		return -GIKEV2_ERR_NO_PROPOSAL;
	return gikev2_prf_plus(ike->engine->crypto, ike->suite.prf, key, &seed,
			       1, kwk, ike->suite.kwa->key_len);
}
