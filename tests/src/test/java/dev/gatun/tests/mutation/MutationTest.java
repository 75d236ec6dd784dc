package dev.gatun.tests.mutation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.tests.support.Subjects;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;
import org.junit.platform.engine.DiscoverySelector;
import org.junit.platform.engine.discovery.DiscoverySelectors;
import org.junit.platform.launcher.LauncherDiscoveryRequest;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;
import org.junit.platform.launcher.listeners.SummaryGeneratingListener;
import org.junit.platform.launcher.listeners.TestExecutionSummary;

/**
 * Each technique is turned into a no-op, and the test that proves it has to fail: on the float64
 * backend, in classes of their own.
 */
@Tag("alone")
class MutationTest {
  /** What is mutated, how, and by which test class (and method) it is to be seen. */
  static final List<String> TECHNIQUES =
      List.of(
          "backend.reference.ReferenceWeightOperations.clamp NOTHING"
              + " | train.ConstraintsTest gradientsAreCutByValueAndTheirNormIsOfBefore",
          "optim.ParameterGroup.clips NOTHING"
              + " | train.ConstraintsTest aGroupIsClippedByItsOwnNorm",
          "optim.UpdateOptions.withMaxNorm ITSELF"
              + " | train.ConstraintsTest theNormOfAllIsThatOfWhatIsLeft",
          "backend.reference.ReferenceWeightOperations.penalize NOTHING"
              + " | train.ConstraintsTest penaltiesAreAddedToGradientAndLoss",
          "optim.UpdateOptions.decayingAll ITSELF"
              + " | train.ConstraintsTest penaltiesAreAddedToGradientAndLoss",
          "backend.reference.ReferenceWeightOperations.limitRows NOTHING"
              + " | train.ConstraintsTest parametersAreHeldWithinAValueAndRowsWithinANorm",
          "optim.Constraints.withWeightValue ITSELF"
              + " | train.ConstraintsTest parametersAreHeldWithinAValueAndRowsWithinANorm",
          "optim.ConstraintWork.finish NOTHING"
              + " | train.ConstraintsTest parametersAreHeldWithinAValueAndRowsWithinANorm",
          "backend.reference.ReferenceWeightOperations.average NOTHING"
              + " | train.AveragesTest anExponentialMeanOfTheWeightsIsSaved",
          "optim.WeightAverage.swap NOTHING | train.AveragesTest validationIsOfTheAverage",
          "optim.Averaging.takes NOTHING"
              + " | train.AveragesTest anEqualMeanTakesTheStepsItIsToldTo",
          "train.Checkpoint.restoreAverage NOTHING | train.AveragesTest aResumedRunHasTheSameBits",
          "train.UpdateStep.spoilGradients NOTHING"
              + " | train.StabilityTest anInfiniteLossWithAFiniteGradientIsNoUpdate",
          "train.Divergence.stepped NOTHING" + " | train.DivergenceTest whatWasLearntBeforeIsKept",
          "train.Divergence.doubtful NOTHING"
              + " | train.DivergenceTest aRateThatIsTooHighEndsWithTheInitialWeights",
          "train.Saving.first NOTHING"
              + " | train.DivergenceTest aRateThatIsTooHighEndsWithTheInitialWeights",
          "train.TrainerBuilder.accumulate ITSELF"
              + " | train.AccumulationTest layersAreToldTheUpdateAndNotTheForward",
          "train.Progress.skip NOTHING | train.StabilityTest theRateFallsAndRecovers",
          "train.EarlyStop.better NOTHING"
              + " | train.StabilityTest anyMeasureTellsTheBestAndWhenToStop",
          "train.CheckpointFolder.keep NOTHING"
              + " | train.StabilityTest theNewestFewCheckpointsAreKept",
          "model.StateGradients.norms NOTHING"
              + " | model.GradientFlowTest aLinearCellPassesItsPowersBack",
          "model.RecurrentLayer$InitialWeights.withForgetBias ITSELF"
              + " | model.InitializersTest forgetBias",
          "optim.Plateau.after NOTHING | train.SchedulesTest plateau",
          "train.RateRange.exchange NOTHING"
              + " | train.RateRangeTest aQuadraticExplodesPastTwoOverItsCurvature",
          "train.RateRange$Result.lowest NOTHING"
              + " | train.RateRangeTest aQuadraticExplodesPastTwoOverItsCurvature",
          "train.BatchProbe$Result.suggested NOTHING"
              + " | train.RateRangeTest batchesGrowWhileTheyAreFaster",
          "optim.Schedules.warmup LAST | train.SchedulesTest warmupAndCosine",
          "optim.Schedules.stepDecay CONSTANT | train.SchedulesTest stepDecay",
          "optim.Schedules.exponential CONSTANT | train.SchedulesTest exponential",
          "optim.Schedules.cosine CONSTANT | train.SchedulesTest cosine",
          "optim.Schedules.cosineRestarts CONSTANT | train.SchedulesTest cosineRestarts",
          "optim.Schedules.oneCycle CONSTANT | train.SchedulesTest oneCycle",
          "optim.Schedules.inverseSquareRoot CONSTANT | train.SchedulesTest inverseSquareRoot",
          "model.ScheduledSampling.at NOTHING"
              + " | train.SequenceResumeTest aResumedRunGivesTheSameBits",
          "backend.reference.ReferenceFeedback.run NOTHING | contract.FeedbackContractTest",
          "model.SequenceDecoder.goOnFrom NOTHING"
              + " | model.SequenceToSequenceTest aWideBeamFindsTheLikeliestOfAll",
          "model.SequenceDecoder$Search.penalized FIRST"
              + " | model.SequenceToSequenceTest aWideBeamFindsTheLikeliestOfAll",
          "model.LookingBack.forward NOTHING"
              + " | model.SequenceToSequenceTest gradientsWithEachAttention",
          "model.StateBridge.forward NOTHING"
              + " | model.SequenceToSequenceTest gradientsThroughTheBridgeOfTwoDirections",
          "model.CtcDecoder.logAdd ITSELF"
              + " | model.CtcDecoderTest theBestPathIsNotTheBestLabels",
          "explain.IntegratedGradients$Path.addGradients NOTHING"
              + " | explain.IntegratedGradientsTest morePartsComeCloser",
          "explain.IntegratedGradients.fold NOTHING"
              + " | explain.IntegratedGradientsTest runningStatisticsNormalise",
          "backend.reference.Norm.apply NOTHING"
              + " | contract.RegularizationContractTest"
              + " normalisedSharesDoNotDependOnTheWeightsScale",
          "backend.reference.Diagonal.add NOTHING"
              + " | contract.RecurrentByHandTest peepholesAndALimit",
          "backend.reference.ReferenceOperations.hardest NOTHING | contract.HardestContractTest",
          "optim.UpdateOptions.withGroup ITSELF"
              + " | train.ConstraintsTest aGroupIsClippedByItsOwnNorm",
          "model.CarriedState.runAhead NOTHING"
              + " | train.TruncatedTest statisticsOfBatchesAreNotTakenTwice",
          "model.RecurrentStack.summed ITSELF"
              + " | model.RecurrentStackTest addsTheDirectionsOfOneLayer",
          "backend.reference.ReferenceOperations.dropout NOTHING | contract.DropoutContractTest",
          "backend.reference.ReferenceOperations.embedding NOTHING"
              + " | contract.EmbeddingContractTest",
          "backend.reference.ReferenceOperations.embeddingBackward NOTHING"
              + " | contract.EmbeddingContractTest",
          "backend.reference.ReferenceOperations.limitRows NOTHING"
              + " | contract.EmbeddingContractTest",
          "backend.reference.ReferenceUpdater.touched NOTHING | contract.LazyRowsContractTest",
          "model.Initializers.orthonormalise NOTHING"
              + " | model.InitializersTest orthogonalHasOrthonormalColumnsOrRows",
          "model.Initializers.perGate LAST | model.InitializersTest orthogonalPerGate",
          "model.PrincipalComponents.fill NOTHING"
              + " | model.InitialValuesTest componentsAsInputWeights",
          "model.KMeans.move NOTHING | model.InitialValuesTest centresOfAKnownMixture",
          "model.Jacobi.rotate NOTHING | model.InitialValuesTest componentsOfAKnownCloud",
          "train.Word2Vec$Run.pair NOTHING"
              + " | data.WordVectorsTest wordsInLikePlacesBecomeNeighbours",
          "model.Embedding.padding ITSELF"
              + " | model.EmbeddingLayerTest paddingAndFrozenRowsAreNotLearnt",
          "model.Linear.tiedTo ITSELF | golden.EmbeddingGoldenTest aTableForBothEnds",
          "data.Kmers.encode NOTHING | data.TsFileTest stringsAreCutIntoPieces",
          "data.PairLearner.join NOTHING | data.TokenizerTest pairsAreTheMostFrequent",
          "backend.reference.ReferenceUpdater.update NOTHING | contract.UpdateContractTest",
          "backend.reference.Losses.elements NOTHING | contract.LossContractTest",
          "backend.reference.ReferenceAttention.forward NOTHING"
              + " | contract.AttentionContractTest",
          "backend.reference.ReferencePooling.forward NOTHING | contract.PoolingContractTest",
          "model.LookingBack.forward NOTHING"
              + " | model.SequenceLayersTest scoresAreThoseOfTheirPapers",
          "model.SequenceDecoder.goOnFrom NOTHING"
              + " | model.SequenceLayersTest aSearchGivesTheBestInTheirOrder",
          "model.SequenceToSequence$Tables.withTiedOutput ITSELF"
              + " | model.SequenceLayersTest whatDoesNotFitIsNamed",
          "backend.CellOptions.withClip ITSELF | contract.CellOptionsContractTest",
          "backend.reference.ReferenceCtc.run NOTHING | contract.CtcContractTest",
          "backend.reference.ReferenceBatchNorm.forward NOTHING | contract.BatchNormContractTest",
          "backend.reference.ReferenceBatchNorm.move NOTHING | contract.BatchNormContractTest",
          "backend.reference.ReferenceUnfolding.forward NOTHING | contract.UnfoldContractTest",
          "backend.reference.ReferenceInputDecay.forward NOTHING"
              + " | contract.InputDecayContractTest",
          "backend.reference.ReferenceRecurrent.fadedBack NOTHING"
              + " | gradient.StateDecayGradientTest ofAProjection",
          "model.RecurrentLayer.decayed ITSELF"
              + " | model.StateDecayTest anUnseenInputLetsStatesFade",
          "data.Batch.continues NOTHING"
              + " | data.CarriedWindowsTest eachWindowGoesOnFromTheOneBefore",
          "backend.reference.Losses.share NOTHING | contract.LossContractTest",
          "model.OneHot$Planned.forward NOTHING"
              + " | model.EmbeddingLayerTest oneHotIsAnEmbeddingByTheIdentity",
          "backend.Regularization.withZoneout ITSELF | contract.CellMasksContractTest",
          "backend.Regularization.withVariational ITSELF | contract.CellMasksContractTest",
          "backend.Regularization.withRecurrentDropout ITSELF | contract.CellMasksContractTest",
          "backend.Regularization.withDropConnect ITSELF | contract.CellMasksContractTest",
          "data.ArraySource.balanced ITSELF"
              + " | data.ExampleOrderTest oversamplingGivesEachClassAsManyAsTheLargest",
          "data.ExampleOrder.balance NOTHING"
              + " | data.ExampleOrderTest balancedBatchesHaveAsManyOfEachClass",
          "data.ArraySource.bucketed ITSELF"
              + " | data.ExampleOrderTest bucketsCutPaddingAndLeaveNothingOut",
          "data.Curriculum.length LAST | data.MissingValuesTest windowsWidenOverTheEpochs",
          "data.Filling.value NOTHING | data.MissingValuesTest eachFillsInWhatItIsNamedFor",
          "data.MissingValues.addsInputs NOTHING"
              + " | data.MissingValuesTest masksAndTimeSinceLastSeenAreInputs",
          "data.Augmentations$Reverse.apply NOTHING"
              + " | data.AugmentationTest reversalTurnsSomeAround",
          "data.Augmentations$Shift.apply NOTHING | data.AugmentationTest shiftsMoveByWholeSteps",
          "data.Augmentations$Jitter.apply NOTHING | data.AugmentationTest jitterIsNormalNoise",
          "data.Augmentations$Scaling.apply NOTHING | data.AugmentationTest scalingIsOfAColumn",
          "data.Augmentations$Warp.apply NOTHING"
              + " | data.AugmentationTest warpingChangesThePaceAndNothingElse",
          "data.Augmentations$Repeat.apply NOTHING"
              + " | data.AugmentationTest repetitionGivesStepsAgain",
          "data.Augmentations$TimeMask.apply NOTHING | data.AugmentationTest masksZeroARun",
          "metric.LabelMetrics.add NOTHING | metric.MetricsTest labelsByHand",
          "metric.RocArea.add NOTHING | metric.MetricsTest areaByHand",
          "train.TokenAccuracy.visit NOTHING | cli.PairTest tokensAreCountedByHand",
          "app.search.Improvement.logGain NOTHING"
              + " | search.StrategiesTest theGaussianProcessGoesToTheFloorOfABowl",
          "app.search.Parzen.logDensity NOTHING"
              + " | search.StrategiesTest whatTheOthersHaveIsAvoided",
          "app.search.QuasiRandomSearch.coordinate NOTHING"
              + " | search.StrategiesTest quasiRandomPointsFillTheSquare",
          "app.search.gaussian.Matern.slope NOTHING"
              + " | search.GaussianProcessTest theEvidencesGradientIsThatOfDifferences",
          "app.task.LogisticHead.twoClasses NOTHING"
              + " | cli.HeadKeysTest aLogisticOutputIsOneForTwoClasses",
          "app.task.DenseLayers.add NOTHING | cli.DenseKeysTest denseLayersStandBeforeTheOutput",
          "app.search.MedianPruner.prunes NOTHING"
              + " | search.SearchPartsTest theMedianStopsTheWorseHalf",
          "app.search.SuccessiveHalving.prunes NOTHING"
              + " | search.SearchPartsTest halvingStopsAtItsRungs",
          "app.search.Space.active NOTHING | search.StrategiesTest aGridHasEveryPointOnce",
          "app.task.Folds.given NOTHING"
              + " | cli.FoldKeysTest everyExampleBesideTheTestPartIsValidatedOnce",
          "app.task.Folds.checkClasses NOTHING"
              + " | cli.FoldKeysTest noFoldLeavesAClassNothingToTrainOn");

  private static final String ONLY = "gatun.tests.backend";
  private static final Map<String, Long> PASSED = new HashMap<>();
  private static @Nullable String before;

  @BeforeAll
  static void onlyTheReference() {
    before = System.setProperty(ONLY, "reference");
    assertEquals(List.of("reference"), Subjects.names());
  }

  @AfterAll
  static void allAgain() {
    if (before == null) {
      System.clearProperty(ONLY);
    }
  }

  @ParameterizedTest
  @FieldSource("TECHNIQUES")
  void itsTestNotices(String technique) throws Exception {
    String[] parts = technique.split("\\|", -1);
    String test = parts[1].strip();
    if (!PASSED.containsKey(test)) {
      TestExecutionSummary whole = run(new MutantLoader(null), test);
      assertEquals(0, whole.getTotalFailureCount(), () -> test + ": " + firstFailure(whole));
      assertTrue(whole.getTestsSucceededCount() > 0, test + " has no test");
      PASSED.put(test, whole.getTestsSucceededCount());
    }
    MutantLoader loader = new MutantLoader(Mutant.parse(parts[0]));
    TestExecutionSummary mutated = run(loader, test);
    assertTrue(loader.used(), test + " does not use what was mutated");
    assertTrue(
        mutated.getTotalFailureCount() > 0, () -> test + " does not notice " + parts[0].strip());
  }

  private static String firstFailure(TestExecutionSummary summary) {
    return summary.getFailures().getFirst().getException().toString();
  }

  private static TestExecutionSummary run(MutantLoader loader, String test) throws Exception {
    String[] words = test.split(" ", -1);
    Class<?> type = loader.loadClass("dev.gatun.tests." + words[0]);
    List<DiscoverySelector> selectors = new ArrayList<>();
    if (words.length == 1) {
      selectors.add(DiscoverySelectors.selectClass(type));
    } else {
      Arrays.stream(type.getDeclaredMethods())
          .filter(method -> method.getName().equals(words[1]))
          .forEach(method -> selectors.add(DiscoverySelectors.selectMethod(type, method)));
    }
    LauncherDiscoveryRequest request =
        LauncherDiscoveryRequestBuilder.request().selectors(selectors).build();
    SummaryGeneratingListener listener = new SummaryGeneratingListener();
    LauncherFactory.create().execute(request, listener);
    return listener.getSummary();
  }
}
