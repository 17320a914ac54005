import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.context.support.DefaultProfileValidationSupport;
import ca.uhn.fhir.context.support.IValidationSupport;
import ca.uhn.fhir.rest.server.IResourceProvider;
import ca.uhn.fhir.rest.server.RestfulServer;
import ca.uhn.fhir.rest.server.interceptor.RequestValidatingInterceptor;
import ca.uhn.fhir.rest.server.provider.HashMapResourceProvider;
import ca.uhn.fhir.validation.FhirValidator;
import ca.uhn.fhir.validation.SingleValidationMessage;
import ca.uhn.fhir.validation.ValidationOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.eclipse.jetty.ee10.servlet.ServletContextHandler;
import org.eclipse.jetty.ee10.servlet.ServletHolder;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.hl7.fhir.common.hapi.validation.support.CommonCodeSystemsTerminologyService;
import org.hl7.fhir.common.hapi.validation.support.InMemoryTerminologyServerValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.PrePopulatedValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.SnapshotGeneratingValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.ValidationSupportChain;
import org.hl7.fhir.common.hapi.validation.validator.FhirInstanceValidator;
import org.hl7.fhir.instance.model.api.IBaseResource;
import org.hl7.fhir.r4.model.Measure;
import org.hl7.fhir.r4.model.MeasureReport;

/** HAPI FHIR for tests: its instance validator on files, or its plain server that validates what it receives. */
public class Hapi {
  private static final FhirContext R4 = FhirContext.forR4();
  private static final String MADX = "https://profiles.ihe.net/QRPH/mADX/StructureDefinition/mADX-";

  /** Arguments: "valider" KNOWN INSTANCES, or "servir" KNOWN; folders of JSON files, profiles and definitions in KNOWN. */
  public static void main(String[] args) throws Exception {
    FhirInstanceValidator module = validator(Path.of(args[1]));
    if (args[0].equals("valider")) {
      validate(module, Path.of(args[2]));
    } else {
      serve(module);
    }
  }

  private static FhirInstanceValidator validator(Path known) throws IOException {
    PrePopulatedValidationSupport given = new PrePopulatedValidationSupport(R4);
    Map<String, Measure> measures = new HashMap<>();
    for (Path file : files(known)) {
      IBaseResource resource = R4.newJsonParser().parseResource(Files.readString(file));
      if (resource instanceof Measure measure) {
        measures.put(measure.getUrl() + "|" + measure.getVersion(), measure);
      } else {
        given.addResource(resource);
      }
    }
    return new FhirInstanceValidator(
        new ValidationSupportChain(
            new KnownMeasures(measures),
            given,
            new DefaultProfileValidationSupport(R4),
            new SnapshotGeneratingValidationSupport(R4),
            new CommonCodeSystemsTerminologyService(R4),
            new InMemoryTerminologyServerValidationSupport(R4)));
  }

  private static List<Path> files(Path folder) throws IOException {
    try (Stream<Path> found = Files.list(folder)) {
      return found.sorted().toList();
    }
  }

  /** Against FHIR R4 and against mADX. One line a message: file, severity, place, text, separated by tabs. */
  private static void validate(FhirInstanceValidator module, Path instances) throws IOException {
    FhirValidator validator = R4.newValidator();
    validator.registerValidatorModule(module);
    for (Path file : files(instances)) {
      String text = Files.readString(file);
      ValidationOptions options = new ValidationOptions();
      options.addProfile(MADX + R4.newJsonParser().parseResource(text).fhirType());
      for (SingleValidationMessage one : validator.validateWithResult(text, options).getMessages()) {
        System.out.println(
            String.join("\t", file.getFileName().toString(), one.getSeverity().getCode(),
                String.valueOf(one.getLocationString()), one.getMessage().replaceAll("\\s+", " ")));
      }
      System.out.println(file.getFileName() + "\tvu\t\t");
    }
  }

  /** Serves on a free port of this machine, printed on the first line, until it is killed. */
  private static void serve(FhirInstanceValidator module) throws Exception {
    RequestValidatingInterceptor interceptor = new RequestValidatingInterceptor();
    interceptor.addValidatorModule(module);
    RestfulServer fhir = new RestfulServer(R4);
    fhir.registerInterceptor(interceptor);
    fhir.setResourceProviders(
        List.<IResourceProvider>of(
            new HashMapResourceProvider<>(R4, MeasureReport.class), new HashMapResourceProvider<>(R4, Measure.class)));
    Server server = new Server();
    ServerConnector connector = new ServerConnector(server);
    connector.setHost("127.0.0.1");
    server.addConnector(connector);
    ServletContextHandler handler = new ServletContextHandler("/");
    handler.addServlet(new ServletHolder(fhir), "/fhir/*");
    server.setHandler(handler);
    server.start();
    System.out.println(connector.getLocalPort());
    server.join();
  }

  /** Gives the validator the definition that a report points to. */
  private record KnownMeasures(Map<String, Measure> measures) implements IValidationSupport {
    @Override
    public FhirContext getFhirContext() {
      return R4;
    }

    @Override
    public <T extends IBaseResource> T fetchResource(Class<T> type, String uri) {
      Measure found = measures.get(uri);
      return type.isInstance(found) ? type.cast(found) : null;
    }
  }
}
