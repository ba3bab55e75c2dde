// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What an IKE SA may receive in which state, and who handles it.  Nothing
 * reaches a handler that does not stand here.
 */
#include "gikev2/gikev2_addke.h"

#define P(type) GIKEV2_PLD_BIT(GIKEV2_PLD_##type)
#define ANY_EXTRA (P(NOTIFY) | P(VENDOR))

enum side {
	MEMBER,
	SERVER,
	EITHER
};
enum kind {
	REQUEST,
	RESPONSE
};

struct transition {
	enum gikev2_ike_state state;
	enum side side; /* that receives it */
	enum gikev2_exchange exchange;
	enum kind kind;
	uint32_t required, optional;
	int (*handler)(struct gikev2_ike *ike, struct gikev2_rx *rx);
	/* the state when the handler is content, unless it ended the SA */
	enum gikev2_ike_state next;
};

/*
 * The first row that fits counts.  The slides' names of the exchanges:
 * GSA_INIT is IKE_SA_INIT, GSA_PUSH is GSA_REKEY or GSA_INBAND_REKEY.
 */
static const struct transition transitions[] = {
	/* IKE_SA_INIT */
	{ GIKEV2_IKE_NONE, SERVER, GIKEV2_IKE_SA_INIT, REQUEST,
	  P(SA) | P(KE) | P(NONCE), ANY_EXTRA, gikev2_init_request,
	  GIKEV2_IKE_HALF_OPEN },
	{ GIKEV2_IKE_INIT_SENT, MEMBER, GIKEV2_IKE_SA_INIT, RESPONSE,
	  P(SA) | P(KE) | P(NONCE), ANY_EXTRA | P(CERTREQ),
	  gikev2_init_response, GIKEV2_IKE_AUTH_SENT },
	{ GIKEV2_IKE_INIT_SENT, MEMBER, GIKEV2_IKE_SA_INIT, RESPONSE, P(NOTIFY),
	  P(VENDOR), gikev2_init_error, GIKEV2_IKE_INIT_SENT },

	/* additional key exchanges; AUTH follows the last one */
	{ GIKEV2_IKE_HALF_OPEN, SERVER, GIKEV2_IKE_INTERMEDIATE, REQUEST, P(KE),
	  ANY_EXTRA, gikev2_intermediate_request, GIKEV2_IKE_HALF_OPEN },
	{ GIKEV2_IKE_INTERMEDIATE_SENT, MEMBER, GIKEV2_IKE_INTERMEDIATE,
	  RESPONSE, P(KE), ANY_EXTRA, gikev2_intermediate_response,
	  GIKEV2_IKE_INTERMEDIATE_SENT },
	{ GIKEV2_IKE_INTERMEDIATE_SENT, MEMBER, GIKEV2_IKE_INTERMEDIATE,
	  RESPONSE, P(NOTIFY), P(VENDOR), gikev2_intermediate_error,
	  GIKEV2_IKE_INTERMEDIATE_SENT },

	/* GSA_AUTH */
	{ GIKEV2_IKE_HALF_OPEN, SERVER, GIKEV2_GSA_AUTH, REQUEST,
	  P(IDI) | P(AUTH) | P(IDG),
	  ANY_EXTRA | P(SA) | P(IDR) | P(CERT) | P(CERTREQ),
	  gikev2_auth_request, GIKEV2_IKE_ESTABLISHED },
	{ GIKEV2_IKE_AUTH_SENT, MEMBER, GIKEV2_GSA_AUTH, RESPONSE,
	  P(IDR) | P(AUTH) | P(GSA) | P(KD), ANY_EXTRA | P(CERT),
	  gikev2_auth_response, GIKEV2_IKE_ESTABLISHED },
	{ GIKEV2_IKE_AUTH_SENT, MEMBER, GIKEV2_GSA_AUTH, RESPONSE,
	  P(IDR) | P(AUTH) | P(NOTIFY), P(VENDOR) | P(CERT),
	  gikev2_auth_refused, GIKEV2_IKE_ESTABLISHED },
	{ GIKEV2_IKE_AUTH_SENT, MEMBER, GIKEV2_GSA_AUTH, RESPONSE, P(NOTIFY),
	  P(VENDOR), gikev2_auth_error, GIKEV2_IKE_AUTH_SENT },

	/* IKE_AUTH without a Child SA, RFC 6023 */
	{ GIKEV2_IKE_HALF_OPEN, SERVER, GIKEV2_IKE_AUTH, REQUEST,
	  P(IDI) | P(AUTH), ANY_EXTRA | P(SA) | P(IDR) | P(CERT) | P(CERTREQ),
	  gikev2_ike_auth_request, GIKEV2_IKE_ESTABLISHED },
	{ GIKEV2_IKE_AUTH_SENT, MEMBER, GIKEV2_IKE_AUTH, RESPONSE,
	  P(IDR) | P(AUTH), ANY_EXTRA | P(CERT), gikev2_ike_auth_response,
	  GIKEV2_IKE_ESTABLISHED },
	{ GIKEV2_IKE_AUTH_SENT, MEMBER, GIKEV2_IKE_AUTH, RESPONSE, P(NOTIFY),
	  P(VENDOR), gikev2_auth_error, GIKEV2_IKE_AUTH_SENT },

	/* the group, over its registration SA */
	{ GIKEV2_IKE_ESTABLISHED, MEMBER, GIKEV2_GSA_REGISTRATION, RESPONSE,
	  P(GSA) | P(KD), ANY_EXTRA, gikev2_registration_answer,
	  GIKEV2_IKE_ESTABLISHED },
	{ GIKEV2_IKE_ESTABLISHED, MEMBER, GIKEV2_GSA_REGISTRATION, RESPONSE,
	  P(NOTIFY), P(VENDOR), gikev2_registration_error,
	  GIKEV2_IKE_ESTABLISHED },
	{ GIKEV2_IKE_ESTABLISHED, MEMBER, GIKEV2_GSA_INBAND_REKEY, REQUEST,
	  P(GSA) | P(KD), ANY_EXTRA | P(IDG) | P(DELETE), gikev2_member_rekey,
	  GIKEV2_IKE_ESTABLISHED },
	{ GIKEV2_IKE_ESTABLISHED, MEMBER, GIKEV2_GSA_INBAND_REKEY, REQUEST,
	  P(DELETE), ANY_EXTRA | P(IDG), gikev2_member_rekey,
	  GIKEV2_IKE_ESTABLISHED },
	{ GIKEV2_IKE_ESTABLISHED, SERVER, GIKEV2_GSA_INBAND_REKEY, RESPONSE, 0,
	  ANY_EXTRA, gikev2_rekey_response, GIKEV2_IKE_ESTABLISHED },
	{ GIKEV2_IKE_ESTABLISHED, SERVER, GIKEV2_GSA_REGISTRATION, REQUEST,
	  P(IDG), ANY_EXTRA | P(SA), gikev2_registration_request,
	  GIKEV2_IKE_ESTABLISHED },
	{ GIKEV2_IKE_ESTABLISHED, MEMBER, GIKEV2_GSA_REGISTRATION, RESPONSE, 0,
	  P(VENDOR), gikev2_registration_left, GIKEV2_IKE_ESTABLISHED },

	/* the SA itself */
	{ GIKEV2_IKE_ESTABLISHED, EITHER, GIKEV2_INFORMATIONAL, REQUEST, 0,
	  ANY_EXTRA | P(DELETE), gikev2_info_request, GIKEV2_IKE_ESTABLISHED },
	{ GIKEV2_IKE_ESTABLISHED, EITHER, GIKEV2_INFORMATIONAL, RESPONSE, 0,
	  ANY_EXTRA | P(DELETE), gikev2_info_response, GIKEV2_IKE_ESTABLISHED },
	{ GIKEV2_IKE_ESTABLISHED, EITHER, GIKEV2_CREATE_CHILD_SA, REQUEST,
	  P(SA) | P(KE) | P(NONCE), ANY_EXTRA, gikev2_rekey_ike_request,
	  GIKEV2_IKE_ESTABLISHED },
	{ GIKEV2_IKE_ESTABLISHED, EITHER, GIKEV2_CREATE_CHILD_SA, REQUEST, 0,
	  ANY_EXTRA | P(SA) | P(NONCE), gikev2_child_request,
	  GIKEV2_IKE_ESTABLISHED },
	{ GIKEV2_IKE_ESTABLISHED, EITHER, GIKEV2_CREATE_CHILD_SA, RESPONSE,
	  P(SA) | P(KE) | P(NONCE), ANY_EXTRA, gikev2_rekey_ike_response,
	  GIKEV2_IKE_ESTABLISHED },
	{ GIKEV2_IKE_ESTABLISHED, EITHER, GIKEV2_CREATE_CHILD_SA, RESPONSE,
	  P(NOTIFY), P(VENDOR), gikev2_rekey_ike_error,
	  GIKEV2_IKE_ESTABLISHED },
	{ GIKEV2_IKE_ESTABLISHED, EITHER, GIKEV2_IKE_FOLLOWUP_KE, REQUEST,
	  P(KE) | P(NOTIFY), P(VENDOR), gikev2_followup_request,
	  GIKEV2_IKE_ESTABLISHED },
	{ GIKEV2_IKE_ESTABLISHED, EITHER, GIKEV2_IKE_FOLLOWUP_KE, RESPONSE,
	  P(KE), ANY_EXTRA, gikev2_followup_response, GIKEV2_IKE_ESTABLISHED },
	{ GIKEV2_IKE_ESTABLISHED, EITHER, GIKEV2_IKE_FOLLOWUP_KE, RESPONSE,
	  P(NOTIFY), P(VENDOR), gikev2_rekey_ike_error,
	  GIKEV2_IKE_ESTABLISHED },
	{ GIKEV2_IKE_DELETING, EITHER, GIKEV2_IKE_FOLLOWUP_KE, REQUEST, 0,
	  ANY_EXTRA | P(KE), gikev2_child_while_deleting, GIKEV2_IKE_DELETING },
	{ GIKEV2_IKE_DELETING, EITHER, GIKEV2_CREATE_CHILD_SA, REQUEST, 0,
	  ANY_EXTRA | P(SA) | P(KE) | P(NONCE), gikev2_child_while_deleting,
	  GIKEV2_IKE_DELETING },
	{ GIKEV2_IKE_DELETING, EITHER, GIKEV2_INFORMATIONAL, REQUEST, 0,
	  ANY_EXTRA | P(DELETE), gikev2_info_request, GIKEV2_IKE_DELETING },
	{ GIKEV2_IKE_DELETING, EITHER, GIKEV2_INFORMATIONAL, RESPONSE, 0,
	  ANY_EXTRA | P(DELETE), gikev2_delete_response, GIKEV2_IKE_DELETING },
};

static bool admissible(const struct transition *t, const struct gikev2_ike *ike,
		       const struct gikev2_header *header)
{
	enum gikev2_ike_state state = ike ? ike->state : GIKEV2_IKE_NONE;
	enum side side = ike && !ike->server ? MEMBER : SERVER;
	enum kind kind = header->flags & GIKEV2_FLAG_R ? RESPONSE : REQUEST;

	return t->state == state && t->exchange == header->exchange &&
	       t->kind == kind && (t->side == EITHER || t->side == side);
}

int gikev2_transition(struct gikev2_ike *ike, struct gikev2_rx *rx)
{
	const size_t count = sizeof(transitions) / sizeof(transitions[0]);
	uint32_t present = rx->payloads->present;
	int ret = -GIKEV2_ERR_BAD_STATE;

	for (size_t i = 0; i < count; i++) {
		const struct transition *t = &transitions[i];

		if (!admissible(t, ike, &rx->header))
			continue;
		if ((present & t->required) != t->required ||
		    present & ~(t->required | t->optional)) {
			ret = -GIKEV2_ERR_BAD_PAYLOADS;
			continue;
		}
		ret = t->handler(ike, rx);
		if (ret == 0 && ike && !ike->dead && ike->state == t->state)
			ike->state = t->next;
		return ret;
	}
	return ret;
}
