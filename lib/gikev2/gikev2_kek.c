// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The Rekey SA: its keys.
 */
#include <string.h>

#include "gikev2/gikev2_int.h"

static size_t e_len(const struct gikev2_kek *kek)
{
	return kek->encr->key_len + kek->encr->salt_len;
}

static size_t a_len(const struct gikev2_kek *kek)
{
	return kek->integ ? kek->integ->key_len : 0;
}

size_t gikev2_kek_keymat_len(const struct gikev2_kek *kek)
{
	return e_len(kek) + a_len(kek) + kek->kwa->key_len;
}

/* GSK_e | GSK_a | GSK_w */
void gikev2_kek_keymat_put(const struct gikev2_kek *kek, uint8_t *out)
{
	memcpy(out, kek->gsk_e, e_len(kek));
	memcpy(out + e_len(kek), kek->gsk_a, a_len(kek));
	memcpy(out + e_len(kek) + a_len(kek), kek->gsk_w, kek->kwa->key_len);
}

void gikev2_kek_keymat_get(struct gikev2_kek *kek, const uint8_t *in)
{
	memcpy(kek->gsk_e, in, e_len(kek));
	memcpy(kek->gsk_a, in + e_len(kek), a_len(kek));
	memcpy(kek->gsk_w, in + e_len(kek) + a_len(kek), kek->kwa->key_len);
}

static int draw_keys(struct gikev2 *engine, struct gikev2_kek *kek)
{
	uint8_t keymat[GIKEV2_KEK_KEYMAT_MAX];
	int ret = gikev2_random(engine, keymat, gikev2_kek_keymat_len(kek));

	if (ret == 0)
		gikev2_kek_keymat_get(kek, keymat);
	explicit_bzero(keymat, sizeof(keymat));
	return ret;
}

/* Its own SPI, and the one that it promises for its successor. */
static int draw_spis(struct gikev2 *engine, const struct gikev2_kek *before,
		     struct gikev2_kek *kek)
{
	int ret = 0;

	if (before && before->next_spi_count)
		memcpy(kek->spi, before->next_spi[0], sizeof(kek->spi));
	else
		ret = gikev2_random(engine, kek->spi, sizeof(kek->spi));
	if (ret == 0)
		ret = gikev2_random(engine, kek->next_spi[0],
				    sizeof(kek->next_spi[0]));
	kek->next_spi_count = 1;
	return ret;
}

int gikev2_kek_draw(struct gikev2 *engine,
		    const struct gikev2_group_config *config,
		    const struct gikev2_kek *before, uint64_t now,
		    struct gikev2_kek *kek)
{
	const struct gikev2_rekey_config *rekey = &config->rekey;
	int ret;

	*kek = (struct gikev2_kek){
		.encr = gikev2_encr_find(GIKEV2_ENCR_AES_GCM_16, 256),
		.kwa = gikev2_kwa_find(GIKEV2_KW_5649_256),
		.end = now + rekey->lifetime * GIKEV2_SECOND,
		.destination = rekey->destination,
		.source = rekey->source,
	};
	if (!kek->encr || !kek->kwa)
		return -GIKEV2_ERR_CRYPTO;
	if (rekey->key) {
		kek->sign_alg =
			gikev2_sign_choose(rekey->key, GIKEV2_HASHES_OWN);
		kek->auth_key = gikev2_key_dup(rekey->key);
		if (!kek->sign_alg || !kek->auth_key) {
			gikev2_kek_wipe(kek);
			return -GIKEV2_ERR_CRYPTO;
		}
	}
	ret = draw_keys(engine, kek);
	if (ret == 0)
		ret = draw_spis(engine, before, kek);
	if (ret < 0) {
		gikev2_kek_wipe(kek);
		return ret;
	}
	kek->alive = true;
	gikev2_keylog_kek(engine, kek);
	return 0;
}

void gikev2_kek_status(const struct gikev2_kek *kek,
		       struct gikev2_rekey_status *status)
{
	*status = (struct gikev2_rekey_status){ .alive = kek->alive };
	if (!kek->alive)
		return;
	memcpy(status->spi, kek->spi, sizeof(status->spi));
	status->message_id = kek->next_id;
	status->destination = kek->destination;
	status->source = kek->source;
	status->end = kek->end;
	status->signature = kek->sign_alg ? kek->sign_alg->name : NULL;
	status->key = kek->auth_key;
}

void gikev2_kek_wipe(struct gikev2_kek *kek)
{
	gikev2_key_free(kek->auth_key);
	gikev2_fragments_free(&kek->fragments);
	explicit_bzero(kek, sizeof(*kek));
}
