import { Controller, Get } from '@nestjs/common';
import { ApiServices } from '../services.js';

/** Where AuthZEN clients find the API; from the configuration, never from a request's Host. */
@Controller('.well-known')
export class DecisionPointController {
  constructor(private readonly services: ApiServices) {}

  @Get('authzen-configuration')
  configuration() {
    const { publicUrl } = this.services;
    return {
      policy_decision_point: publicUrl,
      access_evaluation_endpoint: `${publicUrl}/access/v1/evaluation`,
      access_evaluations_endpoint: `${publicUrl}/access/v1/evaluations`,
      search_subject_endpoint: `${publicUrl}/access/v1/search/subject`,
      search_resource_endpoint: `${publicUrl}/access/v1/search/resource`,
      search_action_endpoint: `${publicUrl}/access/v1/search/action`,
    };
  }
}
