import { type DynamicModule, Module } from '@nestjs/common';
import { CqrsModule } from '@nestjs/cqrs';
import { Metrics } from '#libs/platform/telemetry/metrics.js';
import { Readiness } from '../readiness.js';
import { DecisionPointController } from './access/decision-point.controller.js';
import { EvaluationController } from './access/evaluation.controller.js';
import { SearchController } from './access/search.controller.js';
import { CommandsController } from './commands/commands.controller.js';
import { RunCommandHandler } from './commands/run-command.js';
import { DocumentationController } from './documentation/documentation.controller.js';
import { ChangesController } from './feed/changes.controller.js';
import { Feeds } from './feed/feeds.js';
import { IntrospectionController } from './credentials/introspection.controller.js';
import { Authenticated } from './identity/authenticated.guard.js';
import { OperationsController } from './operations/operations.controller.js';
import { WithinLimits } from './limits/within-limits.guard.js';
import { ProblemFilter } from './problems/problem.filter.js';
import { AskHandler } from './queries/ask.js';
import { AskedQueries } from './queries/asked-queries.js';
import { AuditExports } from './queries/audit-exports.js';
import { LoginPageController } from './queries/login-page.controller.js';
import { RealmsController } from './queries/realms.controller.js';
import { RealmController } from './queries/realm.controller.js';
import { BillingController } from './queries/billing.controller.js';
import { ContentsController } from './queries/contents.controller.js';
import { TokenController } from './identity/token.controller.js';
import { HistoryController } from './queries/history.controller.js';
import { LedgerController } from './queries/ledger.controller.js';
import { LedgerKeyController } from './queries/ledger-key.controller.js';
import { SecretsController } from './queries/secrets.controller.js';
import { MachinesController } from './queries/machines.controller.js';
import { UsageController } from './queries/usage.controller.js';
import { PrivacyController } from './queries/privacy.controller.js';
import { QueriesController } from './queries/queries.controller.js';
import { ReportsController } from './reports/reports.controller.js';
import { ApiServices } from './services.js';
import { SessionController } from './sessions/session.controller.js';

@Module({})
export class ApiModule {
  static over(services: ApiServices): DynamicModule {
    return {
      module: ApiModule,
      imports: [CqrsModule.forRoot()],
      controllers: [
        CommandsController,
        QueriesController,
        HistoryController,
        LedgerController,
        PrivacyController,
        ReportsController,
        BillingController,
        ContentsController,
        RealmController,
        LoginPageController,
        RealmsController,
        ChangesController,
        SecretsController,
        MachinesController,
        TokenController,
        IntrospectionController,
        UsageController,
        LedgerKeyController,
        SessionController,
        EvaluationController,
        SearchController,
        DecisionPointController,
        OperationsController,
        DocumentationController,
      ],
      providers: [
        { provide: ApiServices, useValue: services },
        Authenticated,
        AskHandler,
        AskedQueries,
        Feeds,
        AuditExports,
        { provide: Metrics, useValue: services.metrics },
        { provide: Readiness, useValue: new Readiness(services.probes, services.drain, services.logger) },
        ProblemFilter,
        RunCommandHandler,
        WithinLimits,
      ],
    };
  }
}
